"""The time that the reads of one job share."""

from upgrades.services.budget import Budget


def test_a_budget_is_spent_after_its_seconds_and_leaves_a_moment_for_the_next_call():
    budget = Budget(30)
    assert not budget.is_spent
    assert 29 < budget.left <= 30
    spent = Budget(0)
    assert spent.is_spent
    assert spent.left == 0.1
