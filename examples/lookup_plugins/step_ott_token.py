"""An Ansible lookup plugin for tokens of step-ca: it needs step-ott beside Ansible, and no other program."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

import step_ott

DOCUMENTATION = """
name: step_ott_token
short_description: a one-time token for a certificate of step-ca
description: Returns a token for each name, minted on the controller; the provisioner's key does not leave it.
options:
  _terms: {description: Names of the hosts., required: true}
  url: {description: Address of the CA., required: true}
  root: {description: File of the CA's root certificate., required: true}
  provisioner: {description: Name of a JWK provisioner., required: true}
  password_file: {description: File with the password of its key., required: true}
  sans: {description: All names of the certificate, else that one., type: list, elements: str, default: []}
"""

EXAMPLES = """
- ansible.builtin.debug:
    msg: "{{ lookup('step_ott_token', inventory_hostname, url='https://ca.example.com', root='/etc/step/root_ca.crt',
             provisioner='ansible@example.com', password_file='/etc/step/password') }}"
"""

RETURN = """
_raw: {description: The tokens., type: list, elements: str}
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        self.set_options(var_options=variables, direct=options)
        where = [str(self.get_option(name)) for name in ("url", "root", "provisioner", "password_file")]
        sans = [str(name) for name in self.get_option("sans")]
        try:
            return [str(_open_issuer(*where).token(str(name), sans=sans)) for name in terms]
        except step_ott.StepOttError as error:
            raise AnsibleError(str(error)) from error


@lru_cache
def _open_issuer(url: str, root: str, provisioner: str, password_file: str) -> step_ott.JwkIssuer:
    return step_ott.CA(url, root=root).issuer(provisioner, password=Path(password_file))
