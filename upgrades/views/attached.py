"""What lies beside a change request: its files, and the requests it was copied from and into. Decides nothing."""

from dataclasses import dataclass

from upgrades.models import Attachment, ChangeRequest, User
from upgrades.rules import attachments
from upgrades.services import comments


@dataclass(frozen=True, slots=True)
class Beside:
    """Files without their content, copies, and whether the reader may add."""

    files: list[Attachment]
    copies: list[ChangeRequest]
    may_add: bool

    @property
    def has_room(self) -> bool:
        return len(self.files) < attachments.MOST_FILES


def of(change_request: ChangeRequest, user: User) -> Beside:
    """What lies beside `change_request`, as `user` sees it."""
    files = Attachment.objects.filter(change_request=change_request).defer("content").select_related("uploader")
    copies = ChangeRequest.objects.filter(copied_from=change_request).order_by("pk")
    return Beside(list(files), list(copies), comments.may_comment(user, change_request.environment))
