"""People: who may use ocpdash, with which roles. Rights to change people belong to admins of all environments."""

from collections.abc import Iterable
from zoneinfo import available_timezones

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone

from upgrades import audit
from upgrades.models import Environment, Grant, Role, User
from upgrades.rules import Reason
from upgrades.services import sign_in, tokens
from upgrades.services.moves import Invalid, TooLate, attempt, attempt_as_admin

# A role and an environment; "" stands for all of them.
RolePlace = tuple[str, str]
PLACES = ("", *Environment.values)


def add(*, actor: User | None, username: str, full_name: str, grants: Iterable[RolePlace]) -> User:
    """Add a person without a password, and return the row; a link lets the person set one.

    `actor` None is a management command. Raises Forbidden, or Invalid where the username is taken or a
    grant is unknown.
    """
    with attempt_as_admin("user.add", actor=actor, subject=None):
        wanted = _known(grants)
        if User.objects.filter(username__iexact=username).exists():
            raise Invalid(Reason("user.username_taken", {"username": username}), field="username")
        user = User(username=username, full_name=full_name)
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            raise Invalid(Reason("user.username_taken", {"username": username}), field="username") from error
        Grant.objects.bulk_create(Grant(user=user, role=role, environment=place) for role, place in sorted(wanted))
        audit.record("user.add", actor=actor, subject=user, after={"grants": _plain(wanted), "full_name": full_name})
    return user


def set_grants(*, actor: User | None, user: User, grants: Iterable[RolePlace]) -> None:
    """Make `grants` the roles of `user`, and end the person's sessions where that changes anything.

    Raises Forbidden, Invalid for an unknown role or environment, TooLate where it would leave no admin.
    """
    with attempt_as_admin("user.set_grants", actor=actor, subject=user):
        wanted = _known(grants)
        _lock_admins()
        held = set(user.grants.values_list("role", "environment"))
        if wanted == held:
            return
        for role, place in held - wanted:
            user.grants.filter(role=role, environment=place).delete()
        Grant.objects.bulk_create(Grant(user=user, role=role, environment=place) for role, place in wanted - held)
        _require_some_admin()
        _end_sessions(user)
        audit.record(
            "user.set_grants",
            actor=actor,
            subject=user,
            before={"grants": _plain(held)},
            after={"grants": _plain(wanted)},
        )
        user.refresh_from_db()


def deactivate(*, actor: User | None, user: User) -> None:
    """Let `user` in no more: sessions and API tokens end. Raises Forbidden, or TooLate for the last admin."""
    with attempt_as_admin("user.deactivate", actor=actor, subject=user):
        _lock_admins()
        _set_active(user, is_active=False)
        _require_some_admin()
        _end_sessions(user)
        tokens.revoke_all(owner=user, actor=actor)
        audit.record("user.deactivate", actor=actor, subject=user)
        user.refresh_from_db()


def reactivate(*, actor: User | None, user: User) -> None:
    """Let `user` in again, with the roles held before. Raises Forbidden, or TooLate where that is so already."""
    with attempt_as_admin("user.reactivate", actor=actor, subject=user):
        _set_active(user, is_active=True)
        audit.record("user.reactivate", actor=actor, subject=user)
        user.refresh_from_db()


def make_reset_link(*, actor: User | None, user: User) -> str:
    """Return a token with which `user` may set a password once, within PASSWORD_RESET_TIMEOUT seconds.

    The token is kept nowhere. Raises Forbidden, or TooLate for a person who is deactivated.
    """
    with attempt_as_admin("user.reset_link", actor=actor, subject=user):
        if not user.is_active:
            raise TooLate(Reason("user.is_inactive", {"username": user.username}))
        audit.record("user.reset_link", actor=actor, subject=user)
    return default_token_generator.make_token(user)


def is_link_good(*, user: User, token: str) -> bool:
    """Whether `token` still lets this person set a password."""
    return user.is_active and default_token_generator.check_token(user, token)


def set_password(*, user: User, token: str, password: str) -> None:
    """Set the password that the link's holder chose; the link dies, and the person's sessions end.

    Raises TooLate where the link was used, ran out or belongs to somebody who is deactivated.
    """
    with attempt("user.set_password", actor=user, subject=user):
        # The token is bound to the password it replaces: of two holders of one link only the first one wins.
        rows = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
        if not is_link_good(user=user, token=token) or rows.update(password=make_password(password)) != 1:
            raise TooLate(Reason("user.link_is_dead"))
        _end_sessions(user)
        audit.record("user.set_password", actor=user, subject=user)
        user.refresh_from_db()


def change_password(*, user: User, current: str, password: str, address: str) -> None:
    """Set the password that `user` chose, who knows the `current` one; all sessions of the person end.

    Tries from `address` are counted as those of a sign-in are: an open session is no way to guess the password.
    Raises Invalid for a wrong one, TooLate after too many or where the password was changed meanwhile.
    """
    try:
        known = sign_in.check(
            username=user.username, password=current, address=address, action="user.set_password", actor=user
        )
    except Invalid as error:
        raise Invalid(Reason("user.wrong_password"), field="current") from error
    with attempt("user.set_password", actor=user, subject=user):
        # Of the row that was checked: the check may have hashed the password anew, or found another one than we had.
        rows = User.objects.filter(pk=known.pk, is_active=True, password=known.password)
        if rows.update(password=make_password(password)) != 1:
            raise TooLate(Reason("user.already_so", {"username": user.username}))
        _end_sessions(user)
        audit.record("user.set_password", actor=user, subject=user)
        user.refresh_from_db()


def set_time_zone(*, user: User, time_zone: str) -> None:
    """Let `user` read times in `time_zone`, a name of the IANA database; "" is the zone of the installation.

    Raises Invalid for a name that the database does not hold.
    """
    with attempt("user.set_time_zone", actor=user, subject=user):
        if time_zone and time_zone not in available_timezones():
            raise Invalid(Reason("user.unknown_time_zone"), field="time_zone")
        before = user.time_zone
        if User.objects.filter(pk=user.pk, time_zone=before).exclude(time_zone=time_zone).update(time_zone=time_zone):
            after = {"time_zone": time_zone}
            audit.record("user.set_time_zone", actor=user, subject=user, before={"time_zone": before}, after=after)
            user.refresh_from_db()


def set_first_password(*, user: User, password: str) -> None:
    """Set the password of a person who has none yet; for management commands.

    Raises TooLate where the person has one: a command is no way round the link.
    """
    with attempt("user.set_password", actor=None, subject=user):
        rows = User.objects.filter(pk=user.pk, password__startswith=UNUSABLE_PASSWORD_PREFIX)
        if rows.update(password=make_password(password)) != 1:
            raise TooLate(Reason("user.already_so", {"username": user.username}))
        audit.record("user.set_password", actor=None, subject=user)
        user.refresh_from_db()


def _known(grants: Iterable[RolePlace]) -> set[RolePlace]:
    wanted = set(grants)
    for role, place in wanted:
        if role not in Role.values or place not in PLACES:
            raise Invalid(Reason("user.unknown_grant", {"role": role, "environment": place}), field="grants")
    return wanted


def _lock_admins() -> None:
    """Two admins who remove each other at the same moment go one after the other.

    No single row holds "at least one admin", so that a compare-and-set has nothing to compare; the rows of
    all admins are locked instead, and counted afterwards in a statement of its own.
    """
    list(Grant.objects.filter(role=Role.ADMIN, environment="").order_by("pk").select_for_update().values_list("pk"))


def _require_some_admin() -> None:
    if not User.objects.filter(is_active=True, grants__role=Role.ADMIN, grants__environment="").exists():
        raise TooLate(Reason("user.last_admin"))


def _set_active(user: User, *, is_active: bool) -> None:
    if User.objects.filter(pk=user.pk, is_active=not is_active).update(is_active=is_active) != 1:
        raise TooLate(Reason("user.already_so", {"username": user.username}))


def _end_sessions(user: User) -> None:
    """Sessions are not keyed by user; people are few, so that looking at each live one is cheap enough."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _plain(grants: Iterable[RolePlace]) -> list[str]:
    return sorted(f"{role}:{place or '*'}" for role, place in grants)
