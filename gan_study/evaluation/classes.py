"""The classes of a conditional generator, by name."""

from gan_study.config.reading.suggestions import no_such
from gan_study.errors import InputError
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.gan.networks.conditional import ClassChoice


def find_class(snapshot: TrainedGenerator, name: str) -> int:
    """Return the number of a class, from its name or that number.

    Raises InputError if the generator is not conditional, has no such class, or has not learned from images of it.
    """
    choice = getattr(snapshot.generator, "choice", None)
    if not isinstance(choice, ClassChoice):
        config = snapshot.source.config
        raise InputError(
            f"class {name}: only a conditional GAN can draw one class, but got {config.arm}/{config.name} with "
            "conditional=none; leave the class out, or train an arm with conditional: projection or concat"
        )
    numbers = [str(number) for number in range(choice.num_classes)]
    objective = snapshot.source.run.read_objective()
    names = (objective and objective.dataset_classes) or numbers
    if name not in names and name not in numbers:
        raise InputError(no_such("class", name, names))
    number = names.index(name) if name in names else int(name)
    if choice(choice.centres[number : number + 1]) != number:  # an interval without length
        raise InputError(
            f"class {name}: the generator must have learned from images of the class, but there were none; choose "
            "another class"
        )
    return number
