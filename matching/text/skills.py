"""Skills: the spellings of each, and which skills a text names.

Names are compared whole: "Solidity" is not "SOLID", "Java" is not "JavaScript".
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from matching.text.plain_text import plain

# Other spellings of each skill.
SPELLINGS: dict[str, tuple[str, ...]] = {
    ".NET": ("dotnet", ".net core", ".net framework", "dot net"),
    "A/B testing": ("ab testing", "split testing"),
    "Airflow": ("apache airflow",),
    "Android": ("android sdk",),
    "Angular": ("angularjs", "angular.js", "angular 2", "angular 2+"),
    "Ansible": ("red hat ansible",),
    "ASP.NET": ("asp.net core", "asp.net mvc"),
    "AWS": ("amazon web services", "amazon aws"),
    "Azure": ("microsoft azure", "ms azure"),
    "Bash": ("shell scripting", "shell script", "bash scripting"),
    "BigQuery": ("google bigquery",),
    "C#": ("csharp", "c sharp", "c-sharp"),
    "C++": ("cpp", "c plus plus", "c++11", "c++14", "c++17", "c++20"),
    "Cassandra": ("apache cassandra",),
    "CI/CD": ("ci cd", "cicd", "continuous integration", "continuous delivery", "continuous deployment"),
    "CSS": ("css3",),
    "Deep learning": ("dl",),
    "Django": ("django framework",),
    "Docker": ("docker compose", "docker containers"),
    "Elasticsearch": ("elastic search", "elk", "elastic stack"),
    "Express.js": ("express", "expressjs"),
    "Firebase": ("google firebase",),
    "Flask": ("flask framework",),
    "Git": ("github", "gitlab"),
    "Go": ("golang", "go lang"),
    "Google Analytics": ("ga4",),
    "Google Cloud": ("gcp", "google cloud platform"),
    "GraphQL": ("graph ql",),
    "Hadoop": ("apache hadoop",),
    "HTML": ("html5",),
    "iOS": ("ios sdk", "ios development"),
    "JavaScript": ("js", "ecmascript", "es6", "java script"),
    "Jenkins": ("jenkins ci",),
    "Jira": ("atlassian jira",),
    "Kafka": ("apache kafka",),
    "Kubernetes": ("k8s", "kube", "k8"),
    "Linux": ("gnu/linux",),
    "Machine learning": ("ml", "ml models"),
    "Manual testing": ("manual qa",),
    "Microservices": ("microservice", "microservice architecture", "micro services"),
    "Microsoft Excel": ("excel", "ms excel"),
    "MongoDB": ("mongo", "mongo db"),
    "MySQL": ("my sql",),
    "Next.js": ("nextjs",),
    "Nginx": ("nginx plus",),
    "NLP": ("natural language processing",),
    "Node.js": ("node", "nodejs", "node js"),
    "Objective-C": ("objective c", "obj-c", "objc"),
    "Oracle Database": ("oracle db", "oracle rdbms"),
    "Pandas": ("python pandas",),
    "Penetration testing": ("pentesting", "pentest", "pen testing"),
    "Photoshop": ("adobe photoshop",),
    "Illustrator": ("adobe illustrator",),
    "PHP": ("php7", "php8"),
    "PostgreSQL": ("postgres", "postgre sql", "pgsql"),
    "Power BI": ("powerbi", "microsoft power bi"),
    "Python": ("python3", "python 3"),
    "PyTorch": ("torch",),
    "RabbitMQ": ("rabbit mq",),
    "React": ("react.js", "reactjs", "react js"),
    "React Native": ("reactnative", "react-native"),
    "REST API": ("rest", "restful api", "restful apis", "rest apis", "restful"),
    "Ruby on Rails": ("rails", "ror"),
    "RxJS": ("rx.js",),
    "Scala": ("scala lang",),
    "Scikit-learn": ("sklearn", "scikit learn"),
    "Scrum": ("agile scrum",),
    "Selenium": ("selenium webdriver",),
    "Spark": ("apache spark", "pyspark"),
    "Spring": ("spring framework",),
    "Spring Boot": ("springboot", "spring-boot"),
    "SQL Server": ("ms sql", "mssql", "microsoft sql server", "ms sql server"),
    "Swift": ("swift ui", "swiftui"),
    "TensorFlow": ("tensor flow", "tf2"),
    "Terraform": ("hashicorp terraform",),
    "TypeScript": ("ts", "type script"),
    "Unity": ("unity 3d", "unity3d"),
    "Unreal Engine": ("unreal", "ue4", "ue5"),
    "Vue.js": ("vue", "vuejs", "vue js"),
    "Webpack": ("web pack",),
}
# Ordinary words, too: in running text they name a skill only with a capital letter.
AMBIGUOUS = frozenset(
    [
        "c",
        "dl",
        "excel",
        "express",
        "flask",
        "go",
        "k8",
        "node",
        "r",
        "rails",
        "react",
        "rest",
        "spark",
        "spring",
        "swift",
        "torch",
        "unity",
        "unreal",
    ]
)
MAX_WORDS = 4  # in the name of a skill

_WORD = re.compile(r"[\w+#./-]+")
_CANONICAL = {
    plain(other).casefold(): plain(name).casefold() for name, spelled in SPELLINGS.items() for other in spelled
}


_NAMES = frozenset(plain(name).casefold() for name in SPELLINGS)
# A version or a note after a name: "PostgreSQL 15", "python-3", "Kubernetes (EKS)".
_SUFFIX = re.compile(r"(?:\s*\([^()]*\)|[\s-]+v?\d[\d.]*(?:\.x|\+)?)+$")


@lru_cache(maxsize=2**14)
def canonical(name: str) -> str:
    """Return the canonical name of a skill, in lower case; an unknown skill keeps its own name.

    A version or a note in parentheses after a known name is dropped.

    >>> canonical("K8s"), canonical("Python 3.11"), canonical("Cobol-74X")
    ('kubernetes', 'python', 'cobol-74x')
    """
    simple = plain(name).casefold()
    if simple not in _CANONICAL and simple not in _NAMES:
        bare = _SUFFIX.sub("", simple)
        simple = bare if bare in _CANONICAL or bare in _NAMES else simple
    return _CANONICAL.get(simple, simple)


def spellings(names: Iterable[str]) -> dict[tuple[str, ...], str]:
    """Map every spelling of some skills, as a sequence of words, to the canonical name of the skill."""
    known = {canonical(name) for name in names}
    spelled = {name: name for name in known} | {other: name for other, name in _CANONICAL.items() if name in known}
    split = {tuple(word.casefold() for word in _words(other)): name for other, name in spelled.items()}
    return {sequence: name for sequence, name in split.items() if sequence}


def named_in(text: str, known: Mapping[tuple[str, ...], str]) -> set[str]:
    """Return the canonical names of the skills that a text names; of overlapping names, the longest wins.

    >>> sorted(named_in("Go services with Spring Boot, ready to go", spellings(["Go", "Spring", "Spring Boot"])))
    ['go', 'spring boot']

    Args:
        text: running text.
        known: the result of `spellings`.
    """
    written = _words(plain(text))
    folded = [word.casefold() for word in written]
    found: set[str] = set()
    place = 0
    while place < len(folded):
        length, name = _name_at(folded, place, known)
        is_ordinary_word = length == 1 and folded[place] in AMBIGUOUS and written[place] == folded[place]
        if name is not None and not is_ordinary_word:
            found.add(name)
        place += length
    return found


def _name_at(words: list[str], place: int, known: Mapping[tuple[str, ...], str]) -> tuple[int, str | None]:
    """Length in words and canonical name of the longest name that starts at `place`; 1 and None if there is none."""
    for length in range(min(MAX_WORDS, len(words) - place), 0, -1):
        name = known.get(tuple(words[place : place + length]))
        if name is not None:
            return length, name
    return 1, None


def _words(text: str) -> list[str]:
    """Words as written, with the characters that tell technologies apart: C++, C#, .NET, Node.js."""
    stripped = (word.rstrip("./-").lstrip("/-") for word in _WORD.findall(text))
    return [word for word in stripped if word]
