"""A Reason's sentence, in the reader's language. Codes are stored, sentences are made when they are shown."""

import unicodedata
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.reasons import api_sentences, doctor, invariants, sentences
from upgrades.rules import Reason
from upgrades.templatetags.ocpdash import STATUS_WORDS

__all__ = ["SENTENCES", "WORDS", "doctor", "plain", "sentence"]

# Every code with its sentence.
SENTENCES: Mapping[str, str | Promise] = {
    **sentences.SENTENCES,
    **api_sentences.SENTENCES,
    **doctor.DOCTOR,
    **invariants.INVARIANTS,
}
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})

# Codes among the parameters, in words. A value that is not here is shown as it is: OCP's words always are.
WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "by": {
        "operator": _("an operator"),
        "approver": _("an approver"),
        "requester": _("its requester"),
        "requester_or_admin": _("its requester or an admin"),
        "operator_or_approver": _("an operator or an approver"),
        "decider": _("an operator, an approver or an admin"),
    },
    "status": STATUS_WORDS,
    "kind": {
        "retry": _("A retry"),
        "retry_task": _("A retry of the whole task"),
        "skip": _("A skip"),
        "cancel": _("A cancel"),
    },
    "expected": {
        "entries": _("a list of versions, each beginning with “- version:”"),
        "entry": _("an entry with the key version"),
        "version": _("a version such as 4.2.1.8 or 4.2.1.8-108000022024072217"),
        "versions": _("a list of versions"),
        "flag": _("True or False"),
        "binary_rule": _("True, False, or value with when_come_from or when_upgraded_to"),
    },
}


def sentence(reason: Reason) -> str:
    """The sentence of `reason`, as text to be escaped; a code without one is shown as it is, never hidden."""
    words = SENTENCES.get(reason.code)
    if words is None:
        return reason.code
    shown = _Shown({name: _word(name, value) for name, value in reason.params.items()})
    if "why" in shown:
        shown["why"] = _why(reason)
    return str(words) % shown


def _why(reason: Reason) -> str:
    """The sentence of the reason behind `reason`: its code is the parameter `why`, its parameters are beside that."""
    behind = {name: value for name, value in reason.params.items() if name != "why"}
    return sentence(Reason(str(reason.params["why"]), behind))


def _word(name: str, value: object) -> str:
    known = WORDS.get(name, {}).get(value) if isinstance(value, str) else None
    return plain(value) if known is None else str(known)


class _Shown(dict[str, str]):
    """Parameters of a sentence. An old row may lack one that the sentence has learned since."""

    def __missing__(self, name: str) -> str:
        return "?"


def plain(value: object) -> str:
    """A value from outside as text that neither turns nor hides the text round it: such characters become numbers."""
    if isinstance(value, tuple):
        return ", ".join(plain(item) for item in value)
    text = str(value)
    # Most words are plain, and pages ask for thousands.
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if unicodedata.category(char) not in _UNSEEN else f"\\u{ord(char):04x}" for char in text)
