"""Saying something about a change request, and laying a file beside it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.comments import AttachmentForm, ThreadForm
from upgrades.models import Attachment
from upgrades.rules.attachments import CONTENT_TYPES
from upgrades.services import attachments, comments, moves
from upgrades.views import inbox_steps
from upgrades.views.change_requests import Forms, page
from upgrades.views.reader import reader


@require_POST
def request_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Add to the thread; a name that calls nobody here stays as text, and the answer says so."""
    user, form = reader(request), ThreadForm(request.POST)
    change_request = selectors.change_request_detail(pk, user)
    form.is_valid()
    text, token = form.cleaned_data.get("text", ""), form.cleaned_data.get("form_token")
    try:
        said = comments.add(change_request=change_request, text=text, form_token=token, actor=user)
    except (moves.TooLate, moves.Invalid) as refusal:
        return page(request, pk, refusal=refusal, forms=Forms(thread=form))
    messages.success(request, _("Your comment stands in the thread."))
    if said.unknown:
        messages.warning(request, _not_told(said.unknown))
    return inbox_steps.back(request, pk, f"comment-{said.comment.pk}")


def _not_told(names: tuple[str, ...]) -> str:
    words = ngettext(
        "%(names)s calls nobody who may see this request: it stays as text, and nobody was told.",
        "%(names)s call nobody who may see this request: they stay as text, and nobody was told.",
        len(names),
    )
    return words % {"names": ", ".join(f"@{reasons.plain(name)}" for name in names)}


@require_POST
def request_attach(request: HttpRequest, pk: int) -> HttpResponse:
    """Lay a file beside the request."""
    user, form = reader(request), AttachmentForm(request.POST, request.FILES)
    change_request = selectors.change_request_detail(pk, user)
    name, content = form.taken()
    try:
        row = attachments.attach(change_request=change_request, name=name, content=content, actor=user)
    except (moves.TooLate, moves.Invalid) as refusal:
        return page(request, pk, refusal=refusal, forms=Forms(attachment=form))
    messages.success(request, _("%(name)s is attached.") % {"name": row.name})
    return inbox_steps.back(request, pk, "files")


@require_safe
def attachment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, as a download and never in place: somebody else chose what is in it.

    The name goes as RFC 6266 has it; `nosniff` and the sandbox hold where a browser shows it all the same.
    """
    row = get_object_or_404(Attachment.objects.visible_to(reader(request)), pk=pk)
    response = HttpResponse(bytes(row.content), content_type=CONTENT_TYPES[row.kind])
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=row.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
