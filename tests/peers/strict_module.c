/* A PKCS#11 module over SoftHSM that is as strict about forks as the standard lets a module be: in a child
   it answers CKR_CRYPTOKI_NOT_INITIALIZED until C_Initialize is called there, and knows no session of the
   parent's (PKCS#11 v2.40, 5.4). SoftHSM by itself lives on in a child. */
#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>

typedef unsigned long Rv;
typedef struct {
    unsigned char version[2];
    void *functions[68];
} FunctionList;

enum { INITIALIZE, FINALIZE, GET_FUNCTION_LIST = 3, GET_SLOT_LIST, OPEN_SESSION = 12, FIND_INIT = 26, SIGN_INIT = 42 };
enum { NOT_INITIALIZED = 0x190, ALREADY_INITIALIZED = 0x191 };

static FunctionList *real, own;
static pid_t owner;

static int is_foreign(void) { return owner != getpid(); }

static Rv initialize(void *arguments) {
    if (owner == getpid()) return ALREADY_INITIALIZED;
    if (owner != 0) ((Rv(*)(void *))real->functions[FINALIZE])(NULL); /* the copy of the parent's state */
    Rv rv = ((Rv(*)(void *))real->functions[INITIALIZE])(arguments);
    if (rv == 0) owner = getpid();
    return rv;
}

static Rv finalize(void *reserved) {
    if (is_foreign()) return NOT_INITIALIZED;
    owner = 0;
    return ((Rv(*)(void *))real->functions[FINALIZE])(reserved);
}

static Rv get_slot_list(unsigned char present, unsigned long *slots, unsigned long *count) {
    if (is_foreign()) return NOT_INITIALIZED;
    return ((Rv(*)(unsigned char, unsigned long *, unsigned long *))real->functions[GET_SLOT_LIST])(present, slots, count);
}

static Rv open_session(unsigned long slot, unsigned long flags, void *data, void *notify, unsigned long *session) {
    if (is_foreign()) return NOT_INITIALIZED;
    return ((Rv(*)(unsigned long, unsigned long, void *, void *, unsigned long *))real->functions[OPEN_SESSION])(
        slot, flags, data, notify, session);
}

static Rv find_init(unsigned long session, void *template, unsigned long count) {
    if (is_foreign()) return NOT_INITIALIZED;
    return ((Rv(*)(unsigned long, void *, unsigned long))real->functions[FIND_INIT])(session, template, count);
}

static Rv sign_init(unsigned long session, void *mechanism, unsigned long key) {
    if (is_foreign()) return NOT_INITIALIZED;
    return ((Rv(*)(unsigned long, void *, unsigned long))real->functions[SIGN_INIT])(session, mechanism, key);
}

Rv C_GetFunctionList(FunctionList **list) {
    if (real == NULL) {
        void *module = dlopen(SOFTHSM, RTLD_NOW);
        Rv (*get)(FunctionList **) = module == NULL ? NULL : (Rv(*)(FunctionList **))dlsym(module, "C_GetFunctionList");
        if (get == NULL || get(&real) != 0) return 5; /* CKR_GENERAL_ERROR */
        own = *real;
        own.functions[INITIALIZE] = (void *)initialize;
        own.functions[FINALIZE] = (void *)finalize;
        own.functions[GET_FUNCTION_LIST] = (void *)C_GetFunctionList;
        own.functions[GET_SLOT_LIST] = (void *)get_slot_list;
        own.functions[OPEN_SESSION] = (void *)open_session;
        own.functions[FIND_INIT] = (void *)find_init;
        own.functions[SIGN_INIT] = (void *)sign_init;
    }
    *list = &own;
    return 0;
}
