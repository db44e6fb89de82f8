"""Words and figures of the marketplace: roles, technologies, places, pay.

Sources (of figures; no row or text is copied; `docs/reference/marketplace.md` lists each one):
- technologies and titles: O*NET 29.2 "hot technologies" and alternate titles of computer occupations (CC BY 4.0);
- shares of roles, languages and frameworks, women per role: DOU.ua salary survey, December 2019 (https://dou.ua);
- pay by experience and role: the EU IT salary survey 2020, and DOU.ua for the level in eastern Europe;
- company sizes: remoteintech/remote-jobs (ISC); experience bands: TimesJobs postings (MIT).
"""

from typing import NamedTuple

NEW_TECHNOLOGY = "Zephyrine"
"""An invented technology that is not in the log; the scenario `new-stack` spreads it."""


class Role(NamedTuple):
    """A role family: its titles, the share of women in it, and its pay relative to a software engineer."""

    name: str
    titles: tuple[str, ...]
    women: float
    pay: float
    group: str


ROLES: tuple[Role, ...] = (
    Role("Backend Developer", ("Backend Engineer", "Backend Developer", "Server-side Engineer"), 0.09, 1.02, "code"),
    Role("Frontend Developer", ("Frontend Developer", "Front-end Engineer", "UI Developer"), 0.15, 0.94, "code"),
    Role("Full Stack Developer", ("Full Stack Developer", "Full-stack Engineer", "Web Developer"), 0.10, 0.97, "code"),
    Role("Mobile Developer", ("Mobile Developer", "Mobile Engineer", "App Developer"), 0.10, 0.98, "code"),
    Role("Embedded Engineer", ("Embedded Engineer", "Firmware Engineer", "Systems Programmer"), 0.07, 0.98, "code"),
    Role("Game Developer", ("Game Developer", "Gameplay Programmer", "Game Engineer"), 0.10, 0.90, "code"),
    Role("DevOps Engineer", ("DevOps Engineer", "Site Reliability Engineer", "Platform Engineer"), 0.03, 1.05, "ops"),
    Role("System Administrator", ("System Administrator", "Sysadmin", "Network Engineer"), 0.03, 0.72, "ops"),
    Role("Security Engineer", ("Security Engineer", "Information Security Analyst"), 0.10, 1.04, "ops"),
    Role("Data Engineer", ("Data Engineer", "ETL Developer", "Big Data Engineer"), 0.15, 1.04, "data"),
    Role("Data Scientist", ("Data Scientist", "Machine Learning Engineer", "ML Engineer"), 0.24, 1.06, "data"),
    Role("Data Analyst", ("Data Analyst", "BI Analyst", "Business Intelligence Developer"), 0.40, 0.80, "data"),
    Role("QA Engineer", ("QA Engineer", "Test Engineer", "Software Tester"), 0.31, 0.82, "quality"),
    Role(
        "Test Automation Engineer",
        ("Test Automation Engineer", "QA Automation Engineer", "SDET"),
        0.21,
        0.95,
        "quality",
    ),
    Role("Designer", ("Product Designer", "UX Designer", "UI/UX Designer"), 0.50, 0.78, "product"),
    Role("Product Manager", ("Product Manager", "Product Owner"), 0.36, 1.05, "product"),
    Role("Project Manager", ("Project Manager", "Delivery Manager", "Scrum Master"), 0.40, 0.95, "product"),
    Role("Business Analyst", ("Business Analyst", "Systems Analyst", "Requirements Analyst"), 0.46, 0.85, "product"),
)

NEIGHBOURS: dict[tuple[str, str], float] = {
    ("Backend Developer", "Full Stack Developer"): 0.75,
    ("Frontend Developer", "Full Stack Developer"): 0.75,
    ("Backend Developer", "Data Engineer"): 0.5,
    ("Backend Developer", "DevOps Engineer"): 0.4,
    ("DevOps Engineer", "System Administrator"): 0.6,
    ("Data Scientist", "Data Analyst"): 0.6,
    ("Data Engineer", "Data Scientist"): 0.5,
    ("QA Engineer", "Test Automation Engineer"): 0.75,
    ("Product Manager", "Business Analyst"): 0.6,
    ("Product Manager", "Project Manager"): 0.6,
    ("Frontend Developer", "Mobile Developer"): 0.4,
    ("Embedded Engineer", "Game Developer"): 0.4,
}
"""Similarity of two role families; of those not listed, 0.25 within a group and 0.05 across groups."""


class Stack(NamedTuple):
    """A stack of a role: its share (per mille), the technologies that define it, and those that often come with it."""

    role: str
    share: float
    core: tuple[str, ...]
    related: tuple[str, ...]


def _stack(role: str, share: float, core: str, related: str) -> Stack:
    """Build a stack from technologies separated by commas."""
    return Stack(role, share, tuple(core.split(", ")), tuple(related.split(", ")))


STACKS: tuple[Stack, ...] = (
    _stack(
        "Backend Developer", 80, "Java, Spring, Spring Boot",
        "Hibernate, Kafka, PostgreSQL, Oracle Database, Maven, JUnit, REST API, Docker, Microservices, Kotlin",
    ),
    _stack(
        "Backend Developer", 62, "C#, .NET, ASP.NET",
        "SQL Server, Azure, Entity Framework, RabbitMQ, REST API, Microservices, Docker, Redis",
    ),
    _stack(
        "Backend Developer", 52, "Python, Django, Flask",
        "FastAPI, PostgreSQL, Celery, Redis, AWS, Docker, REST API, Elasticsearch",
    ),
    _stack(
        "Backend Developer", 42, "PHP, Laravel, MySQL",
        "Symfony, WordPress, Magento, Redis, Nginx, REST API, jQuery, Docker",
    ),
    _stack(
        "Backend Developer", 26, "Node.js, TypeScript, Express.js",
        "NestJS, MongoDB, GraphQL, PostgreSQL, Redis, AWS, REST API, Microservices",
    ),
    _stack(
        "Backend Developer", 22, "Go, gRPC, Microservices",
        "PostgreSQL, Kubernetes, Kafka, Docker, Redis, AWS, REST API, Prometheus",
    ),
    _stack(
        "Backend Developer", 16, "Ruby, Ruby on Rails, PostgreSQL",
        "Redis, Sidekiq, GraphQL, Heroku, REST API, Elasticsearch",
    ),
    _stack(
        "Backend Developer", 12, "Scala, Akka, Kafka",
        "Spark, Java, Cassandra, PostgreSQL, Microservices, Docker",
    ),
    _stack(
        "Backend Developer", 8, "Rust, PostgreSQL, gRPC",
        "C++, Kubernetes, Docker, Redis, Microservices",
    ),
    _stack(
        "Frontend Developer", 72, "JavaScript, React, TypeScript",
        "Redux, HTML, CSS, Next.js, Webpack, GraphQL, Jest, REST API",
    ),
    _stack(
        "Frontend Developer", 40, "JavaScript, Angular, TypeScript",
        "RxJS, HTML, CSS, Webpack, Jest, REST API, jQuery",
    ),
    _stack(
        "Frontend Developer", 26, "JavaScript, Vue.js, CSS",
        "HTML, TypeScript, Webpack, Jest, REST API, jQuery, WordPress",
    ),
    _stack(
        "Full Stack Developer", 60, "JavaScript, React, Node.js",
        "TypeScript, MongoDB, Express.js, PostgreSQL, GraphQL, AWS, HTML, CSS, Docker",
    ),
    _stack(
        "Full Stack Developer", 28, "C#, .NET, Angular",
        "SQL Server, ASP.NET, TypeScript, Azure, HTML, CSS, Entity Framework",
    ),
    _stack(
        "Full Stack Developer", 26, "PHP, Vue.js, Laravel",
        "MySQL, JavaScript, HTML, CSS, Redis, WordPress, Nginx",
    ),
    _stack(
        "Mobile Developer", 26, "Swift, iOS",
        "Objective-C, REST API, Firebase, Core Data, CI/CD",
    ),
    _stack(
        "Mobile Developer", 28, "Kotlin, Android",
        "Java, REST API, Firebase, Gradle, CI/CD",
    ),
    _stack(
        "Mobile Developer", 16, "React Native, TypeScript",
        "JavaScript, iOS, Android, Flutter, Firebase, Redux",
    ),
    _stack(
        "Embedded Engineer", 20, "C++, Linux",
        "Python, Qt, RTOS, CMake, Bash, Rust",
    ),
    _stack(
        "Game Developer", 14, "Unity, C#",
        "C++, Unreal Engine, Blender, Shader programming",
    ),
    _stack(
        "DevOps Engineer", 48, "Kubernetes, Terraform, AWS",
        "Docker, Ansible, Jenkins, Prometheus, Grafana, Linux, CI/CD, Bash, Python, Helm",
    ),
    _stack(
        "DevOps Engineer", 18, "Azure, Terraform, CI/CD",
        "Kubernetes, Docker, PowerShell, Ansible, Linux, Grafana, Google Cloud",
    ),
    _stack(
        "System Administrator", 28, "Linux, Windows Server, Bash",
        "PowerShell, Active Directory, VMware, Nginx, Ansible, Cisco IOS",
    ),
    _stack(
        "Security Engineer", 16, "Penetration testing, SIEM",
        "Splunk, Python, Linux, AWS, Bash, OWASP",
    ),
    _stack(
        "Data Engineer", 40, "Python, Spark, SQL",
        "Airflow, Kafka, Snowflake, Hadoop, AWS, dbt, Scala, Databricks, BigQuery",
    ),
    _stack(
        "Data Scientist", 44, "Python, Machine learning, Pandas",
        "PyTorch, TensorFlow, Scikit-learn, SQL, NLP, Spark, MLflow, R, AWS",
    ),
    _stack(
        "Data Analyst", 40, "SQL, Tableau, Microsoft Excel",
        "Power BI, Python, R, Google Analytics, Pandas, BigQuery, SAS",
    ),
    _stack(
        "QA Engineer", 74, "Manual testing, Jira, Test design",
        "SQL, Postman, REST API, Selenium, Charles Proxy, Git",
    ),
    _stack(
        "Test Automation Engineer", 46, "Selenium, Java, TestNG",
        "Python, Cypress, Jenkins, Postman, REST API, SQL, Git, CI/CD",
    ),
    _stack(
        "Designer", 44, "Figma, User research",
        "Adobe Photoshop, Adobe Illustrator, Sketch, Prototyping, HTML, CSS",
    ),
    _stack(
        "Product Manager", 26, "Roadmapping, Jira, User research",
        "SQL, Google Analytics, Figma, Scrum, Confluence, A/B testing",
    ),
    _stack(
        "Project Manager", 46, "Scrum, Jira, Kanban",
        "Confluence, Roadmapping, Budgeting, Microsoft Excel",
    ),
    _stack(
        "Business Analyst", 30, "Requirements elicitation, UML, SQL",
        "Jira, Confluence, BPMN, Microsoft Excel, Scrum, Power BI",
    ),
)  # fmt: skip
"""Stacks, from the languages and frameworks of the survey and the hot technologies of O*NET."""

EVERYWHERE: tuple[str, ...] = ("Git", "SQL", "Linux", "Docker", "Jira", "AWS", "Scrum", "REST API", "CI/CD", "Python")
"""Technologies that appear in any stack."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "Kubernetes": ("k8s",),
    "JavaScript": ("JS", "ECMAScript"),
    "TypeScript": ("TS",),
    "React": ("React.js", "ReactJS"),
    "Angular": ("AngularJS", "Angular 2+"),
    "Vue.js": ("Vue", "VueJS"),
    "Node.js": ("Node", "NodeJS"),
    "PostgreSQL": ("Postgres",),
    "Go": ("Golang",),
    ".NET": (".NET Core", "dotnet"),
    "ASP.NET": ("ASP.NET Core",),
    "C#": ("CSharp",),
    "C++": ("Cpp", "C++17"),
    "AWS": ("Amazon Web Services",),
    "Google Cloud": ("GCP",),
    "Azure": ("Microsoft Azure",),
    "SQL Server": ("MS SQL", "Microsoft SQL Server"),
    "Ruby on Rails": ("Rails", "RoR"),
    "Spark": ("Apache Spark", "PySpark"),
    "Kafka": ("Apache Kafka",),
    "Scikit-learn": ("sklearn",),
    "Machine learning": ("ML models",),
    "TensorFlow": ("TF2",),
    "CI/CD": ("Continuous integration",),
    "REST API": ("RESTful APIs", "REST"),
    "MongoDB": ("Mongo",),
    "Microsoft Excel": ("MS Excel",),
    "Power BI": ("PowerBI",),
    "Selenium": ("Selenium WebDriver",),
    "Jira": ("Atlassian Jira",),
    "Unity": ("Unity 3D",),
    "Adobe Photoshop": ("Photoshop",),
    "Manual testing": ("Functional testing",),
    "Penetration testing": ("Pentesting",),
    "Airflow": ("Apache Airflow",),
    "Elasticsearch": ("Elastic Search",),
}
"""Other spellings of a technology; profiles use them, and the truth recognises them."""

TECHNOLOGIES: tuple[str, ...] = (
    *dict.fromkeys(name for stack in STACKS for name in (*stack.core, *stack.related)),
    "Git",
    NEW_TECHNOLOGY,
)


class City(NamedTuple):
    """A city: its share of the market, and its pay relative to Berlin (1.0)."""

    name: str
    region: str
    country: str
    continent: str
    share: float
    pay: float


CITIES: tuple[City, ...] = (
    City("Kyiv", "Kyiv", "Ukraine", "Europe", 9.0, 0.62),
    City("Kharkiv", "Kharkiv Oblast", "Ukraine", "Europe", 3.2, 0.55),
    City("Lviv", "Lviv Oblast", "Ukraine", "Europe", 3.0, 0.57),
    City("Dnipro", "Dnipropetrovsk Oblast", "Ukraine", "Europe", 1.6, 0.53),
    City("Odesa", "Odesa Oblast", "Ukraine", "Europe", 1.2, 0.54),
    City("Berlin", "Berlin", "Germany", "Europe", 11.0, 1.0),
    City("Munich", "Bavaria", "Germany", "Europe", 5.0, 1.08),
    City("Hamburg", "Hamburg", "Germany", "Europe", 2.2, 1.0),
    City("Frankfurt", "Hesse", "Germany", "Europe", 2.0, 1.05),
    City("Cologne", "North Rhine-Westphalia", "Germany", "Europe", 1.5, 0.97),
    City("Stuttgart", "Baden-Wuerttemberg", "Germany", "Europe", 1.3, 1.03),
    City("Warsaw", "Masovia", "Poland", "Europe", 4.0, 0.70),
    City("Krakow", "Lesser Poland", "Poland", "Europe", 2.5, 0.66),
    City("Wroclaw", "Lower Silesia", "Poland", "Europe", 1.6, 0.65),
    City("Prague", "Prague", "Czechia", "Europe", 1.8, 0.72),
    City("Bucharest", "Bucharest", "Romania", "Europe", 1.8, 0.58),
    City("Amsterdam", "North Holland", "Netherlands", "Europe", 3.0, 1.05),
    City("London", "Greater London", "United Kingdom", "Europe", 6.0, 1.18),
    City("Manchester", "North West England", "United Kingdom", "Europe", 1.6, 0.95),
    City("Dublin", "Leinster", "Ireland", "Europe", 1.6, 1.12),
    City("Paris", "Ile-de-France", "France", "Europe", 2.6, 0.92),
    City("Madrid", "Community of Madrid", "Spain", "Europe", 2.0, 0.72),
    City("Barcelona", "Catalonia", "Spain", "Europe", 2.0, 0.74),
    City("Lisbon", "Lisbon", "Portugal", "Europe", 1.6, 0.66),
    City("Stockholm", "Stockholm County", "Sweden", "Europe", 1.4, 0.95),
    City("New York", "New York", "United States", "North America", 4.0, 1.75),
    City("San Francisco", "California", "United States", "North America", 3.2, 2.0),
    City("Austin", "Texas", "United States", "North America", 2.2, 1.55),
    City("Seattle", "Washington", "United States", "North America", 2.0, 1.8),
    City("Chicago", "Illinois", "United States", "North America", 1.6, 1.5),
    City("Toronto", "Ontario", "Canada", "North America", 2.2, 1.15),
    City("Vancouver", "British Columbia", "Canada", "North America", 1.2, 1.12),
    City("Bengaluru", "Karnataka", "India", "Asia", 4.5, 0.48),
    City("Pune", "Maharashtra", "India", "Asia", 2.2, 0.44),
    City("Mumbai", "Maharashtra", "India", "Asia", 1.8, 0.46),
    City("Hyderabad", "Telangana", "India", "Asia", 1.6, 0.45),
)
REGIONS: tuple[str, ...] = tuple(dict.fromkeys(city.region for city in CITIES))
COUNTRIES: tuple[str, ...] = tuple(dict.fromkeys(city.country for city in CITIES))
CONTINENTS: tuple[str, ...] = tuple(dict.fromkeys(city.continent for city in CITIES))

INDUSTRIES: tuple[str, ...] = (
    "Software", "Fintech", "E-commerce", "Healthcare", "Gaming", "Education", "Logistics", "Media",
    "Telecommunications", "Automotive", "Travel", "Security", "Energy", "Advertising", "Consulting", "Public sector",
)  # fmt: skip
INDUSTRY_SHARES: tuple[float, ...] = (20, 13, 12, 7, 6, 5, 5, 5, 4, 5, 4, 3, 2, 4, 4, 1)

COMPANY_SIZES: tuple[str, ...] = ("1-10", "11-50", "51-200", "201-1000", "1001+")
COMPANY_SIZE_SHARES: tuple[float, ...] = (0.170, 0.325, 0.251, 0.149, 0.105)
COMPANY_SIZE_PAY: tuple[float, ...] = (0.94, 0.96, 1.0, 1.05, 1.1)

REMOTE_POLICIES: tuple[str, ...] = ("onsite", "hybrid", "remote")
REMOTE_POLICY_SHARES: tuple[float, ...] = (0.28, 0.37, 0.35)
REMOTE_WISHES: tuple[str, ...] = ("onsite", "hybrid", "remote", "any")
REMOTE_WISH_SHARES: tuple[float, ...] = (0.12, 0.30, 0.34, 0.24)

MIN_EXPERIENCE_SHARES: dict[float, float] = {
    0: 0.14, 1: 0.13, 2: 0.19, 3: 0.20, 4: 0.09, 5: 0.13, 6: 0.03, 7: 0.03, 8: 0.04, 10: 0.02,
}  # fmt: skip
BAND_WIDTH_SHARES: dict[float, float] = {2: 0.25, 3: 0.33, 4: 0.10, 5: 0.32}

SALARY_AT_ENTRY_USD_PER_YEAR = 44_000.0
"""EUR 37,600 (exp 10.534) at 1.18 USD, the fitted pay of an IT worker in Germany without experience."""
SALARY_GROWTH = 0.273
"""Elasticity of pay with respect to (1 + years of experience)."""
SALARY_SPREAD = 0.18
"""Spread of log expected salary, given experience, place and role; the survey's .31 includes place and role."""

FIRST_NAMES: dict[str, tuple[str, ...]] = {
    "woman": (
        "Olena", "Anna", "Maria", "Priya", "Sofia", "Julia", "Kateryna", "Emma", "Laura", "Ananya", "Ines", "Grace",
    ),
    "man": (
        "Andrii", "Lukas", "Piotr", "Rahul", "James", "Mykola", "Daniel", "Marco", "Arjun", "David", "Felix", "Oleh",
    ),
    "other": ("Alex", "Sasha", "Robin", "Sam"),
}  # fmt: skip
AGE_BANDS: tuple[str, ...] = ("under 25", "25-34", "35-44", "45-54", "55+")
ETHNICITIES: tuple[str, ...] = ("White", "Asian", "Black", "Hispanic", "Other")
ETHNICITY_SHARES: dict[str, tuple[float, ...]] = {
    "Europe": (0.80, 0.08, 0.05, 0.03, 0.04),
    "North America": (0.55, 0.22, 0.09, 0.11, 0.03),
    "Asia": (0.02, 0.94, 0.01, 0.0, 0.03),
}

SENIORITIES: tuple[str, ...] = ("Junior", "Middle", "Senior", "Lead")
SENIORITY_FROM_YEARS: tuple[float, ...] = (1.5, 4.0, 8.0)
SENIORITY_WORDS: dict[str, tuple[str, ...]] = {
    "Junior": ("Junior", "Entry-level"),
    "Middle": ("Middle", "Mid-level"),
    "Senior": ("Senior", "Sr."),
    "Lead": ("Lead", "Principal"),
}
