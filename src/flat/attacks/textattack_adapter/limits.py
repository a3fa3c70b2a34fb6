"""The limits of one example's attack: questions asked of the victim, and time.

TextAttack's searches know a budget of questions. A time limit ends them the same way. When the time is over, the goal
function says that the search is over and answers no further question. The searches then return what they have.
"""

import time

from flat.attacks.textattack_adapter import fast_search as quick_search
from flat.attacks.textattack_adapter.environment import textattack
from flat.errors import StudyError


class LimitedAttack:
    """``Attack.attack`` with a time limit, and without the searches' stumbling blocks.

    Some searches break where they may ask no question after the first, or where a text has no word (as TextAttack
    counts words): such an example is not searched, its attack has failed.

    Args:
        attack: a built TextAttack attack; its ``goal_function.query_budget`` is the budget of questions.
        seconds: per example, or None for no limit. Looked at after each batch of questions: what happens between two
            questions (candidates, constraints) is not cut short.
    """

    def __init__(self, attack, seconds: float | None):
        if seconds is not None and not seconds > 0:
            raise StudyError("attacks.*.time_limit", f"{seconds} seconds", "give a positive number, or null")
        self.attack, self.goal, self.seconds = attack, attack.goal_function, seconds
        self.query_budget = self.goal.query_budget
        quick_search.install(attack, in_parts=seconds is not None)
        if seconds is not None:
            attack.search_method.get_goal_results = self._get_goal_results

    def __call__(self, text: str, label: int):
        """TextAttack's result of attacking ``text``."""
        self.goal.query_budget = self.query_budget
        quick_search.forget(self.attack)
        self._end = time.monotonic() + (self.seconds or 0)
        attacked = textattack.shared.AttackedText(text)
        first, over = self.goal.init_attack_example(attacked, label)
        if first.goal_status == textattack.goal_function_results.GoalFunctionResultStatus.SKIPPED:
            return textattack.attack_results.SkippedAttackResult(first)
        if over or not attacked.num_words:
            return textattack.attack_results.FailedAttackResult(first)
        return self.attack._attack(first)

    def _get_goal_results(self, texts):
        """What the search asks the goal function, a batch at a time; over as soon as the time is."""
        results, over = self.goal.get_results(texts[: self.goal.batch_size])
        for start in range(self.goal.batch_size, len(texts), self.goal.batch_size):
            if self._is_over():
                break
            more, over = self.goal.get_results(texts[start : start + self.goal.batch_size])
            results += more
        return results, over or self._is_over()

    def _is_over(self) -> bool:
        if time.monotonic() < self._end:
            return False
        self.goal.query_budget = self.goal.num_queries  # nothing more is answered
        return True
