"""A company with a department and two teams."""

from dataclasses import dataclass

import pytest

from hubbub.audiences import actions
from hubbub.audiences.models import Team
from hubbub.engine.actor import SYSTEM


@dataclass
class Company:
    top: Team
    department: Team
    kitchen: Team
    sales: Team


@pytest.fixture
def company(db: None) -> Company:
    """``kitchen`` stands in a department, ``sales`` right below the top."""
    top = actions.create_team(SYSTEM, "Company")
    department = actions.create_team(SYSTEM, "House", top.pk)
    return Company(
        top,
        department,
        actions.create_team(SYSTEM, "Kitchen", department.pk),
        actions.create_team(SYSTEM, "Sales", top.pk),
    )
