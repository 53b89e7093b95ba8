"""Files laid beside a change request: kept whole in the database, never changed, never removed."""

import hashlib

from django.db import IntegrityError, transaction

from upgrades import audit
from upgrades.models import Attachment, ChangeRequest, User
from upgrades.rules import Reason, attachments
from upgrades.services import comments, moves


def attach(*, change_request: ChangeRequest, name: str, content: bytes, actor: User) -> Attachment:
    """Keep `content` under `name` as far as that is one; in whatever status the request is.

    Raises Forbidden for who may not comment here, Invalid for a file that is too large, of another type than allowed
    or other than its name says, or one too many, and TooLate for the very file that is there already.
    """
    with moves.attempt("change_request.attach", actor=actor, subject=change_request):
        comments.require_voice(change_request, actor)
        name = attachments.clean_name(name)
        kind = attachments.judge(name, content)
        if isinstance(kind, Reason):
            raise moves.Invalid(kind, "file")
        # Two windows that send at once go one after the other, for the number of files.
        ChangeRequest.objects.select_for_update().get(pk=change_request.pk)
        if Attachment.objects.filter(change_request=change_request).count() >= attachments.MOST_FILES:
            raise moves.Invalid(Reason("attachment.too_many", {"limit": attachments.MOST_FILES}), "file")
        row = _insert(Attachment(change_request=change_request, uploader=actor, name=name, kind=kind, content=content))
        after = {"attachment": row.pk, "name": name, "size": row.size, "sha256": row.sha256}
        audit.record("change_request.attach", actor=actor, subject=change_request, after=after)
    return row


def _insert(row: Attachment) -> Attachment:
    row.size = len(row.content)
    row.sha256 = hashlib.sha256(row.content).hexdigest()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise moves.TooLate(Reason("attachment.there_already", {"name": row.name})) from error
    return row
