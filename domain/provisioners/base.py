"""What every provisioner of a step-ca has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.ca.settings import ProvisionerClaims
from domain.errors import UsageError
from domain.formats.terminal_text import shorten
from domain.settings.setting import counts, exclude, require, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from domain.ca_rules.case import Case
    from domain.certificates.ports import Certificates, HeaderCertificate
    from domain.provisioners.credential import Credential, IssuedToken, Sources
    from domain.report.check_result import CheckResult
    from domain.report.worded_value import WordedValue
    from domain.settings.setting import Settings
    from domain.token.kind import Kind
    from domain.token.options import TokenOptions


USUAL = frozenset({"sub", "jti", "aud", "request", "short life", "public key"})
"""What tokens of most types have: three claims, an audience that names a request, an end within an hour, and a
signature by a key of which the CA needs the public half alone."""

MAX_LISTED = 20
"""Provisioners that an error names; a CA may have thousands."""

MAX_FAULT_LENGTH = 200
"""Characters of what is wrong with one of them."""


@attrs.frozen(repr=False)
class Provisioner:
    """A provisioner as a CA lists it.

    A subclass a type: it names the members that matter, the kinds of request that the CA lets it authorise, which of
    its own options (its row in `domain.provisioners.types` has them) are needed, files or secrets, and what its tokens
    carry; and it says what signs them, and how the CA judges that.

    Attributes:
        name: The `iss` of its tokens.
        claims: What its tokens may do.
        is_customized: Whether it has templates, a policy or webhooks of its own.
    """

    makes_tokens: ClassVar[bool] = True
    """Whether step-ott makes tokens for it."""

    kinds: ClassVar[AbstractSet[Kind]] = frozenset()
    """The kinds of request that step-ca lets a token of this type authorise."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Those of its options that a token cannot be made without."""

    needs_undeclared: ClassVar[tuple[str, ...]] = ()
    """Those that it takes beside `needs` where no CA describes the provisioner."""

    excludes: ClassVar[tuple[str, ...]] = ()
    """Options that can have no effect on its tokens."""

    files: ClassVar[tuple[str, ...]] = ()
    """Those of its options that name a file to read, where `-` is standard input."""

    secrets: ClassVar[tuple[str, ...]] = ()
    """Those of these files that hold a secret."""

    by_itself: ClassVar[bool] = False
    """Whether it is chosen where neither its name nor an option of its own asks for it."""

    binary_members: ClassVar[Mapping[str, str]] = {}
    """Attributes of its own that the CA lists as base64, each with the member's name."""

    payload: ClassVar[frozenset[str]] = frozenset()
    """The claims that the CA reads of its tokens beside the usual ones: `cnf` and `step`, or texts of its own."""

    payload_subject: ClassVar[str] = "cnf and step"
    """What these claims are about, in words."""

    has_fragment: ClassVar[bool] = True
    """Whether the CA finds it by type and name behind `#` in the audience of its tokens."""

    header_member: ClassVar[str] = ""
    """The member of the header that holds the one certificate whose key signs its tokens, empty for none."""

    certificate_name: ClassVar[str] = ""
    """What `inspect` calls that certificate."""

    sole_issuer: ClassVar[str] = ""
    """The `iss` of the tokens of all provisioners of this type, empty where it is the provisioner's name."""

    expected: ClassVar[frozenset[str]] = USUAL
    """What `inspect` misses in a token of this type that does not have it."""

    any_request: ClassVar[str] = ""
    """What a token that names no request is for, empty where it should name one."""

    spends_tokens: ClassVar[bool] = True
    """Whether the CA takes each of its tokens once."""

    has_audiences: ClassVar[bool] = True
    """Whether the CA looks at the audience of its tokens."""

    chooses_names: ClassVar[bool] = False
    """Whether the CA may give SSH certificates other names than were asked for: those of the token's holder."""

    name: str
    claims: ProvisionerClaims = attrs.field(default=ProvisionerClaims(), kw_only=True)
    is_customized: bool = attrs.field(default=False, kw_only=True)

    @property
    def lacks_key(self) -> bool:
        """Whether it makes no token without a key of the user's, though its type can."""
        return False

    @property
    def judged_as(self) -> Provisioner | None:
        """The provisioner that it is to the CA, where step-ott can judge its tokens and make none."""
        return None

    @property
    def fault(self) -> str:
        """Why the CA's own entry for it cannot be read, empty where it can."""
        return ""

    @property
    def type_name(self) -> str:
        """Its type in step-ca's own spelling."""
        raise NotImplementedError

    @property
    def key_id(self) -> str:
        """The identifier that `--kid` selects by, empty where the type has none."""
        return ""

    @property
    def audience_fragment(self) -> str:
        """What stands behind `#` in the audience of its tokens, empty for none."""
        return f"{self.type_name.lower()}/{self.name}" if self.has_fragment else ""

    @property
    def token_identifier(self) -> str:
        """What the CA finds it by in a token (step-ca, GetIDForToken)."""
        return self.audience_fragment

    @property
    def issuer(self) -> str:
        """The `iss` that the CA wants in its tokens."""
        return self.sole_issuer or self.name

    @property
    def is_judged(self) -> bool:
        """Whether `verify` knows the rules for its tokens."""
        return type(self).judge_signer is not Provisioner.judge_signer

    def label(self) -> str:
        """Return name, type and key identifier as a person tells provisioners apart."""
        suffix = f" [kid: {self.key_id}]" if self.key_id else ""
        return f"{self.name} ({self.type_name}){suffix}"

    @classmethod
    def read_certificate(cls, body: bytes, certificates: Certificates) -> HeaderCertificate:
        """Return the certificate in `header_member`; `body` is what its standard base64 stands for.

        Raises:
            ValueError: saying what it is instead of such a certificate.
        """
        raise NotImplementedError

    @classmethod
    def recognises(cls, claims: Mapping[str, Any], request: str | None) -> bool:  # noqa: ARG003  # for those that do
        """Tell whether a token with no fragment in its audience, which names this request if any, is of this type."""
        return False

    @classmethod
    def describe(cls, claims: Mapping[str, Any]) -> dict[str, WordedValue]:  # noqa: ARG003  # for those that have some
        """Return what else the claims of its tokens say, by name."""
        return {}

    @classmethod
    def list_oddities(cls, claims: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG003  # likewise
        """Return what is odd about the claims of a token of this type, a sentence each."""
        return ()

    @classmethod
    def declare(cls, name: str, given: Settings) -> Provisioner:  # noqa: ARG003  # for those that read more
        """Return the provisioner of this name as far as the user's own settings describe it."""
        return cls(name)

    @classmethod
    def judge(cls, given: Settings, kind: Kind, own: Sequence[str]) -> None:  # noqa: ARG003  # for those that mind it
        """Check the settings for a token of this type, by themselves.

        Args:
            given: All settings.
            kind: The kind of request that they ask for.
            own: Those of them that are options of this type alone, sorted.

        Raises:
            UsageError: an option is missing, or cannot apply to this type.
        """
        missing = [f"--{name}" for name in cls.needs if name not in given]
        if missing and own:
            raise require(own[0], missing[0].removeprefix("--"), given)
        if missing:
            raise UsageError(f"this provisioner's tokens need {' and '.join(missing)}", "give them, or choose another")
        without_kid = ("kid",) if cls.key_id is Provisioner.key_id else ()
        for name in (*cls.excludes, *without_kid):
            if counts(given, name):
                raise _refuse(name, (*own, "provisioner"), given)

    def credential(self, options: TokenOptions, sources: Sources) -> Credential | IssuedToken:
        """Return what signs the token that `options` ask for, opened through `sources`.

        Raises:
            UsageError: an option is missing, or the type makes no such tokens.
            InputError, AuthorityError, NetworkError: the key cannot be had.
        """
        raise NotImplementedError

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:  # noqa: ARG002  # for those with rules
        """Give what the CA finds when it looks for the key that signed a token of this provisioner's."""
        from domain.report.check_result import unchecked  # noqa: PLC0415  # only to foretell

        yield unchecked("signature", f"step-ott does not judge tokens of {self.label()}")

    def judge_request(self, case: Case) -> Iterator[CheckResult]:
        """Give what the CA finds in the request that such a token is shown with."""
        from domain.ca_rules.request import judge_request  # noqa: PLC0415  # only to foretell

        return judge_request(case, self.claims, self.common_names(case))

    def find_signer_life(self, case: Case) -> tuple[int | None, int | None]:  # noqa: ARG002  # for those with one
        """Return when what vouches for a token begins and ends, nanoseconds since the epoch, UTC; None for never."""
        return None, None

    def common_names(self, case: Case) -> Sequence[str]:
        """Return what the common name of a CSR may be."""
        return [case.text("sub"), *case.sans()]


def _refuse(name: str, reasons: Sequence[str], given: Settings) -> UsageError:
    """Say that `name` does not go with that of the `reasons` that chose the type, or with the type itself."""
    chosen_by = next((reason for reason in reasons if reason in given), None)
    if chosen_by is not None:
        return exclude(chosen_by, name, given)
    return UsageError(f"{spell(given, name)} has no effect on this provisioner's tokens", "leave it out")


def list_labels(provisioners: Sequence[Provisioner]) -> str:
    """Return the labels of the provisioners as an error may list them: the first, and how many more there are.

    Where the CA's entry for one cannot be read, that stands behind it: it may be the very one that is looked for.
    """
    shown = [
        one.label() + (f" [{shorten(one.fault, MAX_FAULT_LENGTH)}]" if one.fault else "")
        for one in provisioners[:MAX_LISTED]
    ]
    more = len(provisioners) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
