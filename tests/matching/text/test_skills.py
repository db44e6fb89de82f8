"""Skills in lists and running text: found whole, at their place, and only where a skill is meant."""

import pytest

from matching.text.skill_vocabulary import SkillVocabulary, built_in
from matching.text.skills import canonical, canonical_names, held, listed, read


def said(text: str) -> dict[str, str]:
    return {one.skill: one.stance for one in read(text)}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("k8s", "Kubernetes", True),
        ("Golang", "Go", True),
        ("K8S ", " kubernetes", True),
        ("Postgres", "PostgreSQL", True),
        ("PostgreSQL 15", "Postgres", True),
        ("Python 3.11", "python-3", True),
        ("Python3", "python", True),
        (".NET 8", "dotnet", True),
        ("Java 17", "java", True),
        ("SQL (advanced)", "sql", True),
        ("C (programming language)", "C", True),
        ("CI / CD", "CI/CD", True),
        ("Kubernetes (EKS)", "k8s", True),
        ("Amazon Web Services (AWS)", "AWS", True),
        ("\uff30\uff59thon", "Python", True),
        ("Py\u200bthon", "Python", True),
        ("ISO 9001", "ISO 27001", False),
        ("React (Native)", "React Native", False),
        ("Solidity", "SOLID", False),
        ("Java", "JavaScript", False),
        ("C", "C++", False),
        ("C#", "C", False),
        ("React", "React Native", False),
        ("React/Native", "React Native", False),
    ],
)
def test_spellings_of_a_skill_are_the_same_skill_and_lookalikes_are_not(one: str, other: str, *, same: bool) -> None:
    assert (canonical(one) == canonical(other)) is same


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("C/C++", ("c", "c++")),
        ("React/Redux/TypeScript", ("react", "redux", "typescript")),
        ("HTML & CSS", ("html", "css")),
        ("HTML, CSS", ("html", "css")),
        ("AWS (EC2, S3)", ("aws", "amazon ec2", "amazon s3")),
        ("Go (Golang)", ("go",)),
        ("Ruby", ("ruby",)),
        ("Spring cleaning", ("spring cleaning",)),
        ("Zorblax 9000", ("zorblax 9000",)),
        ("", ("",)),
    ],
)
def test_an_entry_of_a_list_may_name_several_skills_or_one_that_nobody_knows(
    entry: str, names: tuple[str, ...]
) -> None:
    assert listed(entry) == names


def test_a_list_names_each_skill_once() -> None:
    assert canonical_names(["Go", "golang", "C/C++", "c"]) == ["go", "c", "c++"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Solidity and JavaScript on k8s with Spring Boot", {"solidity", "javascript", "kubernetes", "spring boot"}),
        ("Java-based services, a Java-Entwickler with SQLKenntnisse", {"java", "sql"}),
        ("熟悉Java和MySQL，精通Go语言", {"java", "mysql", "go"}),
        ("PythonとDockerの開発経験", {"python", "docker"}),
        ("C&#43;&#43; &amp; <li>SQL</li><p>Kotlin", {"c++", "sql", "kotlin"}),
        ("We built it with React/Redux and Node.js 20.", {"react", "redux", "node.js"}),
        ("You write Vue.js, D3.js & ASP.NET/C#", {"vue.js", "d3.js", "asp.net", "c#"}),
        ("Опыт работы с Java и Python", {"java", "python"}),
        ("Machine\nlearning", {"machine learning"}),
    ],
)
def test_running_text_is_read_as_people_write_it(text: str, names: set[str]) -> None:
    assert held(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Senior Go engineer", {"go"}),
        ("go developer", {"go"}),
        ("Experience with Go and R", {"go", "r"}),
        ("Languages: C, R, Go", {"c", "r", "go"}),
        ("Skills\nGo\nRuby\nPostgreSQL", {"go", "ruby", "postgresql"}),
        ("Rust developer (5 years), Swift 5, R 4.1 and SQL", {"rust", "swift", "r", "sql"}),
        ("knowledge of Spring, Hibernate and JPA", {"spring", "hibernate", "jpa"}),
        ("Excel, Word and PowerPoint", {"microsoft excel", "microsoft word", "microsoft powerpoint"}),
        ("CI with Jenkins, Docker and Ansible", {"jenkins", "docker", "ansible"}),
    ],
)
def test_an_ordinary_word_is_a_skill_in_a_skills_company(text: str, names: set[str]) -> None:
    assert names <= held(text)


@pytest.mark.parametrize(
    "text",
    [
        "go the extra mile",
        "ready to go. We rest on Sundays, in spring and at Easter",
        "We react quickly and express ourselves",
        "Maria Jenkins, 12 Ruby Street, 77373 Spring, Texas",
        "Ruby Rose\nTaylor Swift\nJulia Roberts",
        "Mr. Jenkins and Mrs. Swift",
        "R. Smith and C. Brown",
        "R&D and C-level management, a go-to-market plan",
        "go@rust.dev and https://ruby.org/java or www.scala.com/python",
        "They excel at express delivery",
        "Spring 2021, Section C, vitamin C",
        "rust removal, a swift response, the rest of the team",
        "Java Street 5, Python Road 7",
        "Teamwork\nC. Jenkins\nDr. Rust\nGo Lane 7",
    ],
)
def test_names_addresses_idioms_and_links_name_no_skill(text: str) -> None:
    assert held(text) <= {"teamwork"}


@pytest.mark.parametrize(
    ("text", "stances"),
    [
        ("No Java experience", {"java": "denied"}),
        ("I have never used Kubernetes or Docker", {"kubernetes": "denied", "docker": "denied"}),
        ("Java is not required", {"java": "denied"}),
        ("Java (not required)", {"java": "denied"}),
        ("Not required: Java, PHP", {"java": "denied", "php": "denied"}),
        ("keine Java-Kenntnisse", {"java": "denied"}),
        ("eager to learn Rust", {"rust": "wished"}),
        ("Interested in Elixir", {"elixir": "wished"}),
        ("not only Java but also PHP", {"java": "held", "php": "held"}),
        ("No prior experience required, Java is a plus", {"java": "held"}),
        ("No degree needed. Java is", {"java": "held"}),
        ("Machine learning with Java", {"machine learning": "held", "java": "held"}),
        ("no PHP, but Java", {"php": "denied", "java": "held"}),
    ],
)
def test_denied_and_wished_skills_are_not_held(text: str, stances: dict[str, str]) -> None:
    assert said(text) == stances


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("We use C&#43;&#43; and <b>SQL</b>.", ["C&#43;&#43;", "SQL"]),
        ("Python3, Node.js & CI / CD", ["Python3", "Node.js", "CI / CD"]),
        ("\ufeffJava, PHP", ["Java", "PHP"]),
    ],
)
def test_a_mention_points_at_the_words_of_the_text(text: str, shown: list[str]) -> None:
    assert [text[one.start : one.end] for one in read(text)] == shown


def test_a_long_or_broken_text_is_read() -> None:
    assert held("Java " * 20_000) == {"java"}
    assert held("<" * 5_000 + "&" * 5_000 + "Java") == {"java"}
    assert held("\x00\ud800 Java") == {"java"}
    assert held("") == set()


def test_a_vocabulary_can_be_extended_with_names_of_ones_own() -> None:
    own = SkillVocabulary.of(["Zorblax?\tzbx", "Flux Capacitor\tfluxcap|flux-cap"])
    assert held("Zorblax administrator and fluxcap", own) == {"zorblax", "flux capacitor"}
    assert held("the zorblax river", own) == set()
    assert built_in().extended(["flux capacitor"]).canonical("Flux-Capacitor") == "flux capacitor"
    assert built_in().extended(["java"]) is built_in()


def test_the_built_in_vocabulary_is_large_and_consistent() -> None:
    vocabulary = built_in()
    assert len(vocabulary.names) > 2_500
    assert all(vocabulary.canonical(name) == name for name in vocabulary.names)
    assert set(vocabulary.spellings.values()) <= set(vocabulary.names)
    for word in ("go", "r", "c", "spring", "rest", "ruby", "jenkins", "swift", "rust"):
        assert word in vocabulary.ambiguous
