"""What a person sets for oneself: the zone of times, a new password."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from upgrades.forms.look import LookForm
from upgrades.forms.users import PasswordForm

Group = tuple[str, list[tuple[str, str]]]


@cache
def _regions() -> list[Group]:
    """The IANA database's zones that are places, by region."""
    places: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        region, slash, _place = name.partition("/")
        if slash and region != "Etc":
            places.setdefault(region, []).append((name, name.replace("_", " ")))
    return list(places.items())


def zones() -> list[tuple[str, str] | Group]:
    """Choices of a zone: as the installation has it, UTC, and every place by region."""
    usual = _("as this installation: %(zone)s") % {"zone": settings.DISPLAY_TIME_ZONE}
    return [("", usual), ("UTC", "UTC"), *_regions()]


class TimeZoneForm(LookForm):
    """The zone in which times are told."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=zones,
        error_messages={"invalid_choice": gettext_lazy("There is no such time zone. Choose one from the list.")},
    )


class OwnPasswordForm(PasswordForm):
    """A new password for who knows the old one."""

    current = forms.CharField(
        label=gettext_lazy("Your password now"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["current", "password", "again"]
