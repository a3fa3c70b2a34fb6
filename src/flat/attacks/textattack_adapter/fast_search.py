"""What TextAttack's searches ask again and again, answered at once: for the searches that ours does not repeat.

Five things of a built attack are replaced. Each answers the same: tests compare whole attacks with stock TextAttack.

* The goal function's verdicts on a batch are computed on the batch's array, not tensor by tensor.
* Those of a search that goes on from the best text alone are answered together (``verdicts``).
* The candidates of one position of one text are remembered: the members of a genetic algorithm's population ask for
  them many times. (The transformation cache does not serve: the question holds a list.)
* The distribution that a position is drawn from is made anew only when it changes.
* The questions of a particle swarm, one position after the other, are asked ahead, in full batches.
"""

from collections import OrderedDict

import numpy as np
import torch

from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.verdicts import BatchVerdicts, GreedyVerdicts, serves


def install(attack, in_parts: bool = False) -> None:
    """Replace what is asked often in a built TextAttack attack, as far as its parts are the ones known here.

    Args:
        in_parts: the search's questions are asked a part at a time, as a time limit does.
    """
    goal, search = attack.goal_function, attack.search_method
    if type(goal).__name__ == "UntargetedClassification" and goal.target_max_score is None and not goal.maximizable:
        verdicts = GreedyVerdicts if not in_parts and serves(search, goal) else BatchVerdicts
        search.get_goal_results = goal.get_results = verdicts(goal).get_results
    if isinstance(search, textattack.search_methods.GeneticAlgorithm) and not search.post_crossover_check:
        search.get_transformations = RememberedCandidates(attack).get_transformations
        search._perturb = QuickPerturbation(search).perturb
    if isinstance(search, textattack.search_methods.ParticleSwarmOptimization):
        search.get_transformations = AskedAhead(attack).get_transformations


def forget(attack) -> None:
    """Begin a new example."""
    remembered = attack.search_method.get_transformations.__self__
    if isinstance(remembered, RememberedCandidates):
        remembered.clear()
    verdicts = attack.goal_function.get_results.__self__
    if isinstance(verdicts, BatchVerdicts):
        verdicts.clear()


class RememberedCandidates:
    """``Attack.get_transformations``, remembering the candidates of one position of one text.

    They are what they were the time before as long as the attack's constraint cache has not begun to forget. Of that
    cache the least recently asked entries go first: before it overflows it is told what it was not asked, and from then
    on every question is TextAttack's.

    Args:
        attack: the built attack.
    """

    def __init__(self, attack):
        self.attack, self.general = attack, attack.get_transformations
        self.clear()

    def clear(self) -> None:
        """Forget the example before."""
        self.overflowing = False
        self._known: OrderedDict[tuple, tuple[list, list]] = OrderedDict()  # question -> (candidates, those that pass)

    def get_transformations(self, text, original_text=None, **options):
        if self.overflowing or list(options) != ["indices_to_modify"]:
            found = self.general(text, original_text=original_text, **options)
            self.overflowing |= len(self.attack.constraints_cache) >= self.attack.constraint_cache_size
            return found
        key = (text, *options["indices_to_modify"], frozenset(text.attack_attrs["modified_indices"]))
        if key in self._known:
            self._known.move_to_end(key)
            return list(self._known[key][1])
        candidates = self.attack._get_transformations_uncached(text, original_text, **options)
        if len(self.attack.constraints_cache) + len(candidates) > self.attack.constraint_cache_size:
            self._tell()
        passing = self.attack.filter_transformations(candidates, text, original_text)
        if not self.overflowing and len({candidate.text for candidate in candidates}) == len(candidates):
            self._known[key] = candidates, passing
        return list(passing)

    def _tell(self) -> None:
        """Ask the constraint cache for what was remembered here, the last asked last."""
        cache = self.attack.constraints_cache
        for (text, *_), (candidates, _) in self._known.items():
            for candidate in candidates:
                if (text, candidate) in cache:
                    cache[(text, candidate)] = cache[(text, candidate)]
        self.overflowing = True
        self._known.clear()


class AskedAhead:
    """``Attack.get_transformations`` of a search that asks the victim about all candidates, some at a time: it is asked
    about them in full batches, and the goal function remembers.

    Args:
        attack: the built attack.
    """

    def __init__(self, attack):
        self.attack = attack

    def get_transformations(self, text, original_text=None, **options):
        found = self.attack.get_transformations(text, original_text=original_text, **options)
        goal, asking = self.attack.goal_function, self.attack.search_method.get_goal_results
        limited = not isinstance(asking.__self__, BatchVerdicts)  # a time limit looks at the clock in between
        if not limited and goal.use_cache and goal.query_budget - goal.num_queries >= len(found):
            goal._call_model(found)
        return found


class QuickPerturbation:
    """``GeneticAlgorithm._perturb``; the distribution of positions is made anew only when it changes.

    Draws are those of ``numpy.random.choice``: a uniform number looked up in the cumulated probabilities.

    Args:
        search: the genetic algorithm.
    """

    def __init__(self, search):
        self.search = search

    def perturb(self, member, original_result, index=None):
        search, text = self.search, member.attacked_text
        weights = np.copy(search._get_word_select_prob_weights(member))
        tries = np.count_nonzero(weights)
        if tries == 0:
            return member
        cumulated = None
        for _ in range(tries):
            if index:
                position = index
            else:
                if cumulated is None:
                    cumulated = (weights / np.sum(weights)).cumsum()
                    cumulated /= cumulated[-1]
                position = cumulated.searchsorted(np.random.random_sample(1), side="right")[0]
            candidates = search.get_transformations(
                text, original_text=original_result.attacked_text, indices_to_modify=[position]
            )
            if not candidates:
                continue
            results, search._search_over = search.get_goal_results(candidates)
            gains = torch.Tensor([result.score for result in results]) - member.result.score
            if len(gains) and gains.max() > 0:
                best = gains.argmax()
                return search._modify_population_member(member, candidates[best], results[best], position)
            weights[position] = 0
            cumulated = None
            if search._search_over:
                break
        return member
