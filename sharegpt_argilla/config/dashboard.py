"""What the dashboard shows to whom."""

from __future__ import annotations

from sharegpt_argilla.config.base import Section


class Dashboard(Section):
    """``leaderboard``: whether annotators see each other's counts by name."""

    leaderboard: bool = False
