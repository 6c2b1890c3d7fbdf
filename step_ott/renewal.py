"""How a certificate of a program's is renewed: the use case of `ca renew`, on what the program gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from adapters.jose.jws import JwsSigner
from domain.enroll.renewal import RenewalOptions, Schedule
from domain.enroll.services import ServiceOptions
from domain.keys.sampled_signer import SampledSigner
from domain.provisioners.x5c import open_chain
from entrypoints.use_cases.renewal import renew
from step_ott.enrollment import changing

if TYPE_CHECKING:
    from domain.provisioners.credential import Ports
    from domain.token.options import TokenOptions
    from step_ott.issuers.asked_ca import AskedCA


def renew_certificate(ca: AskedCA, options: TokenOptions, minting: Ports[Any]) -> bytes:
    """Return the chain, PEM, that a running CA gives for the certificate in `options`.

    By TLS where the certificate is valid and its key can be used there, else by a renewal token.

    Raises:
        UsageError: the CA does not run.
        InputError, ForeseenRefusalError, AuthorityError, NetworkError: as for `renew`, its use case.
    """
    with changing(ca, minting) as ports:
        opened = open_chain(options, ports.minting)
        if isinstance(opened.signer, SampledSigner):
            opened = attrs.evolve(opened, signer=opened.signer.signer)
        wishes = RenewalOptions(
            minting=options,
            certificate="",
            out_certificate="",
            by_token=not isinstance(opened.signer, JwsSigner),
            schedule=Schedule(),
            services=ServiceOptions(),
            settings=options.settings,
        )
        return renew(opened, wishes, ports)
