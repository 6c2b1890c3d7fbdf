// Command step-kms-plugin stands for Smallstep's program of that name, which step asks for every --kms: the
// two of its commands that minting a token takes, over Smallstep's own PKCS#11 library.
package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"os"

	"go.step.sm/crypto/kms/apiv1"
	"go.step.sm/crypto/kms/pkcs11"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(command string, words []string) error {
	flags := flag.NewFlagSet(command, flag.ExitOnError)
	kms := flags.String("kms", "", "the URI of the token")
	alg := flags.String("alg", "", "the hash of an RSA signature")
	flags.String("format", "base64", "the format of the signature")
	if err := flags.Parse(words); err != nil {
		return err
	}
	if *kms == "" {
		*kms = flags.Arg(0)
	}
	manager, err := pkcs11.New(context.Background(), apiv1.Options{Type: apiv1.PKCS11, URI: *kms})
	if err != nil {
		return err
	}
	defer manager.Close()
	signer, err := manager.CreateSigner(&apiv1.CreateSignerRequest{SigningKey: flags.Arg(0)})
	if err != nil {
		return err
	}
	if command == "key" {
		der, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			return err
		}
		return pem.Encode(os.Stdout, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	digest, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	hashes := map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}
	signature, err := signer.Sign(nil, digest, hashes[*alg])
	if err != nil {
		return err
	}
	fmt.Print(base64.StdEncoding.EncodeToString(signature))
	return nil
}
