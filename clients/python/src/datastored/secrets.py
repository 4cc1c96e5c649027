"""AWS credentials that no log line shows."""

from dataclasses import dataclass

from datastored.v1 import AccessKey


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key of AWS. As text, its secrets are `***`."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        session = ", session_token=***" if self.session_token else ""
        return f"Credentials(access_key_id={self.access_key_id!r}, secret_access_key=***{session})"

    def message(self) -> AccessKey:
        """The credentials as the API takes them. As text, this message shows the secrets: send it, and do not log it."""
        return AccessKey(
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            session_token=self.session_token,
        )
