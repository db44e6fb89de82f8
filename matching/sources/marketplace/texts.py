"""Texts of candidates and jobs, assembled from phrasings written for this project.

No phrasing contains a word that is also a technology (go, express, spring, spark ...), because the truth finds
technologies in a resume by name.
"""

import numpy as np

from matching.arrays import Array
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.drafts import CandidateDraft, JobDraft
from matching.sources.marketplace.lookups import STACK_ROLES, spellings

OPENINGS = (
    "I am {name}, a {role} based in {city}.",
    "My name is {name}. I work as a {role} in {city}.",
    "{name}, {role}, {city}.",
    "Hello, I am {name} and I live in {city}; my trade is {role}.",
)
EXPERIENCE_LINES = (
    "{years} years in the industry.",
    "Professional experience: {years} years.",
    "I have worked in software for about {years} years.",
    "Around {years} years of commercial work.",
)
SKILL_LINES = (
    "Daily tools: {skills}.",
    "I am at home with {skills}.",
    "Main skills: {skills}.",
    "Worked mostly with {skills}.",
)
EXTRA_LINES = (
    "On side projects I have also used {skills}.",
    "Earlier teams relied on {skills}, so I know it well.",
    "I have shipped production work with {skills} too.",
)
DUTIES = {
    "code": (
        "Built services used by many customers.",
        "Reviewed changes and mentored newcomers.",
        "Cut page load times by half.",
        "Moved a legacy product to a modular design.",
    ),
    "ops": (
        "Kept systems running around the clock.",
        "Automated releases from hours to minutes.",
        "Hardened the infrastructure after an audit.",
        "Wrote runbooks and led incident reviews.",
    ),
    "data": (
        "Built pipelines that feed daily reports.",
        "Turned experiments into models in production.",
        "Made dashboards that managers read every morning.",
        "Cleaned up years of messy records.",
    ),
    "quality": (
        "Wrote test plans for every release.",
        "Found defects before customers did.",
        "Cut the regression run from days to hours.",
        "Set up test environments for three teams.",
    ),
    "product": (
        "Interviewed users every week.",
        "Aligned designers, engineers and sales.",
        "Owned the backlog of two teams.",
        "Launched three products in new markets.",
    ),
}
CLOSINGS = (
    "I enjoy clear goals and kind teams.",
    "Looking for a team that ships.",
    "English: upper-intermediate.",
    "Degree in computer science.",
    "Self-taught and curious.",
    "Open to new challenges.",
)
WOMEN_CLOSING = "Volunteer mentor in a network for women in technology."

PITCHES = (
    "{company} is in {industry}, with {size} people.",
    "At {company} we build {industry} products; we are {size} people.",
    "{company} ({industry}, {size} employees) is hiring.",
    "Join {company}, a growing name in {industry}.",
)
MUST_LINES = (
    "You need solid experience with {skills}.",
    "Requirements: {skills}.",
    "Must have: {skills}.",
    "We expect hands-on work with {skills}.",
)
NICE_LINES = ("Nice to have: {skills}.", "{skills} would be a plus.", "Bonus points for {skills}.")
PLACE_LINES = {
    "onsite": ("The work is done in our {city} office.", "On site in {city}."),
    "hybrid": ("Hybrid: some days a week in {city}.", "We meet in our {city} office twice a week."),
    "remote": ("Fully remote.", "Work from anywhere; our base is {city}.", "Remote-first team."),
}
OFFERS = (
    "We offer paid holidays and a budget for learning.",
    "Flexible hours, health insurance, good equipment.",
    "You will own what you build.",
    "Small teams, short meetings, real responsibility.",
)


def spelled(codes: Array, choices: Array) -> list[str]:
    """Return a spelling of each technology: the canonical name, or one time in four a synonym if there is one."""
    names = spellings()
    return [
        names[code][0]
        if choice % 4 or len(names[code]) == 1
        else names[code][1 + (choice >> 2) % (len(names[code]) - 1)]
        for code, choice in zip(codes.tolist(), choices.tolist(), strict=True)
    ]


def level(years: Array) -> Array:
    """Return the seniority level for each number of years, from 0 (junior) to 3 (lead)."""
    return np.digitize(years, words.SENIORITY_FROM_YEARS)


def _level_word(code: int, choice: int) -> str:
    options = words.SENIORITY_WORDS[words.SENIORITIES[code]]
    return options[choice % len(options)]


def _title(role: int, choice: int) -> str:
    titles = words.ROLES[role].titles
    return titles[choice % len(titles)]


def headlines(draft: CandidateDraft, role: Array) -> list[str]:
    """Return a headline per candidate: level, title and main technology, in several orders."""
    main = spelled(draft.skills[:, 0], draft.spelling[:, 0])
    levels = level(draft.experience_years).tolist()
    lines = []
    for code, grade, tech, choice in zip(role.tolist(), levels, main, draft.text.tolist(), strict=True):
        title, word = _title(code, choice[0]), _level_word(grade, choice[1])
        forms = (f"{word} {title}", f"{word} {title} | {tech}", f"{title}, {word.lower()}", f"{word} {tech} {title}")
        lines.append(forms[choice[2] % 4])
    return lines


def _listed(names: list[str], choice: int) -> str:
    if len(names) < 2 or choice % 3 == 0:
        return ", ".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def resumes(draft: CandidateDraft, role: Array) -> list[str]:
    """Return a resume per candidate: the profile in words, and the skills that the profile does not list."""
    width = draft.skills.shape[1]
    names = spelled(draft.skills.ravel(), np.roll(draft.spelling, 1, axis=1).ravel())
    listed, counts, years = draft.is_listed.tolist(), draft.n_skills.tolist(), draft.experience_years.tolist()
    people = zip(draft.gender.tolist(), draft.city.tolist(), role.tolist(), draft.text.tolist(), strict=True)
    result = []
    for row, (gender, city, code, choice) in enumerate(people):
        owned = names[row * width : row * width + counts[row]]
        shown = [name for name, is_listed in zip(owned, listed[row], strict=False) if is_listed]
        extra = [name for name, is_listed in zip(owned, listed[row], strict=False) if not is_listed]
        parts = [
            OPENINGS[choice[3] % 4].format(
                name=_first_name(gender, choice[4]),
                role=_title(code, choice[5]).lower(),
                city=words.CITIES[city].name,
            ),
            EXPERIENCE_LINES[choice[6] % 4].format(years=max(1, round(years[row]))),
            SKILL_LINES[choice[7] % 4].format(skills=_listed(shown[: 3 + choice[8] % 6], choice[8])),
            *([EXTRA_LINES[choice[9] % 3].format(skills=_listed(extra, choice[9]))] if extra else []),
            *_duties(code, choice[10]),
            WOMEN_CLOSING if gender == 0 and choice[11] % 6 == 0 else CLOSINGS[choice[11] % len(CLOSINGS)],
        ]
        result.append(" ".join(parts))
    return result


def _first_name(gender: int, choice: int) -> str:
    names = words.FIRST_NAMES[("woman", "man", "other")[gender]]
    return names[choice % len(names)]


def _duties(role: int, choice: int) -> tuple[str, str]:
    lines = DUTIES[words.ROLES[role].group]
    return lines[choice % 4], lines[(choice + 1 + (choice >> 4) % 3) % 4]


def titles(draft: JobDraft) -> list[str]:
    """Return a title per job: the role, often with level and main technology."""
    main = spelled(draft.must[:, 0], draft.spelling[:, 0])
    levels = level(draft.min_years + 0.5).tolist()
    lines = []
    rows = zip(STACK_ROLES[draft.stack].tolist(), levels, main, draft.text.tolist(), strict=True)
    for code, grade, tech, choice in rows:
        title, word = _title(code, choice[0]), _level_word(grade, choice[1])
        forms = (f"{word} {title}", f"{title} ({tech})", f"{word} {tech} {title}", title, f"{title} - {word} level")
        lines.append(forms[choice[2] % 5])
    return lines


def descriptions(draft: JobDraft, must: list[list[str]], nice: list[list[str]]) -> list[str]:
    """Return a description per job; `must` and `nice` are its skills as spelled in the profile."""
    result = []
    rows = zip(draft.text.tolist(), draft.city.tolist(), draft.industry.tolist(), draft.size.tolist(), strict=True)
    for row, (choice, city, industry, size) in enumerate(rows):
        policy = words.REMOTE_POLICIES[int(draft.policy[row])]
        places = PLACE_LINES[policy]
        parts = [
            PITCHES[choice[3] % 4].format(
                company=draft.company_name[row],
                industry=words.INDUSTRIES[industry].lower(),
                size=words.COMPANY_SIZES[size],
            ),
            MUST_LINES[choice[4] % 4].format(skills=_listed(must[row], choice[4])),
            *([NICE_LINES[choice[5] % 3].format(skills=_listed(nice[row], choice[5]))] if nice[row] else []),
            places[choice[6] % len(places)].format(city=words.CITIES[city].name),
            OFFERS[choice[7] % 4],
        ]
        result.append(" ".join(parts))
    return result
