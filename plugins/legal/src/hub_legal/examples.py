"""Texts written for this plugin: they may be published with every bundle. None is a licence or contract in use."""

from __future__ import annotations

from collections.abc import Sequence

LICENCES = (
    (
        "Anyone may use, copy, change and sell this program. Keep this notice in all copies. There is no warranty.",
        "Permissive",
    ),
    (
        "You may do what you like with the library, in source or binary form, if you keep our names in the manual.",
        "Permissive",
    ),
    (
        "Permission is given free of charge to deal in the fonts without limits, provided that this text stays with"
        " them. The fonts come as they are.",
        "Permissive",
    ),
    (
        "Redistribution with or without changes is allowed. Do not use the author's name to advertise your product."
        " The author is not liable for damage.",
        "Permissive",
    ),
    (
        "You may combine the library with programs under other terms. Files of the library that you change must be"
        " made available in source form under this licence.",
        "Copyleft Limited",
    ),
    (
        "Each contributor grants a licence to its patents. Modified covered files stay under these terms; other files"
        " of a larger work may have their own.",
        "Copyleft Limited",
    ),
    (
        "As a special exception you may link this runtime with your program and pass on the result under terms of"
        " your choice; the runtime itself stays under the general licence.",
        "Copyleft Limited",
    ),
    (
        "Changed versions of this manual must be published under the same licence, and cover texts must be kept.",
        "Copyleft Limited",
    ),
    (
        "If you pass on the program or a work based on it, you must pass on the whole work under this licence and"
        " offer its complete source code to everyone who receives it.",
        "Copyleft",
    ),
    (
        "Whoever lets others use a changed version over a network must give them its full source under these terms.",
        "Copyleft",
    ),
    (
        "Derived works of any kind, taken as a whole, have to be licensed at no charge to all third parties under"
        " this agreement, with their source.",
        "Copyleft",
    ),
    (
        "You may not add restrictions: all recipients of your modified work get the freedoms that this licence gives"
        " you, and its source code.",
        "Copyleft",
    ),
    (
        "You may read, run and change the source for any purpose other than offering it to third parties as a hosted"
        " service. After four years the code is released under an open licence.",
        "Source-available",
    ),
    ("The work may be copied and shared with attribution, but not for commercial purposes.", "Source-available"),
    (
        "Production use needs a paid licence. Testing, research and personal use of the source are free.",
        "Source-available",
    ),
    ("You may share the photographs unchanged. Changed versions must not be shared.", "Source-available"),
    (
        "The author places this file in the public domain and gives up all rights in it, everywhere, for ever.",
        "Public Domain",
    ),
    (
        "No copyright is claimed. Where the law does not allow that, anyone may use the code for any purpose without"
        " conditions.",
        "Public Domain",
    ),
    (
        "This program was written by employees of a government and is not subject to copyright. It belongs to all.",
        "Public Domain",
    ),
    ("I dedicate these data to the public and waive every right in them, database rights included.", "Public Domain"),
    (
        "The software may be used and changed freely, but not in the design or operation of nuclear plants or weapons.",
        "Free Restricted",
    ),
    (
        "Free for everyone, except that it must not be used to violate human rights or by those who do.",
        "Free Restricted",
    ),
    ("These samples may be used for training and demonstration only, and not as a product.", "Free Restricted"),
    (
        "Export of this software may need a government's permission; who exports it has to obtain it first. Apart"
        " from that it may be copied freely.",
        "Free Restricted",
    ),
)
"""Text and the category its author had in mind."""

CLAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("We are not responsible for any loss you suffer, whatever its cause.", ("Limitation of liability",)),
    ("Our liability is limited to ten dollars in total.", ("Limitation of liability",)),
    ("The service comes as it is, and we owe no damages for lost data.", ("Limitation of liability",)),
    ("We may close your account at any time, for any reason or none.", ("Unilateral termination",)),
    ("Access can be suspended without notice.", ("Unilateral termination",)),
    ("If we stop the service, your purchases end with it.", ("Unilateral termination",)),
    ("We may change these terms whenever we like; please check this page often.", ("Unilateral change",)),
    ("Prices can be altered at our sole discretion.", ("Unilateral change",)),
    (
        "We can revise this agreement, and by staying you accept the new version.",
        ("Unilateral change", "Contract by using"),
    ),
    ("We may delete anything you post without telling you why.", ("Content removal",)),
    ("Photos that we find unsuitable will be taken down without warning.", ("Content removal",)),
    ("We may remove your posts and end your membership at will.", ("Unilateral termination", "Content removal")),
    ("By opening this site you agree to everything below.", ("Contract by using",)),
    ("Your use of the app means that you accept these rules.", ("Contract by using",)),
    ("These terms are governed by the law of a state that we choose.", ("Choice of law",)),
    ("The law of Utopia applies, wherever you live.", ("Choice of law",)),
    ("All lawsuits must be brought before the courts of our home town.", ("Jurisdiction",)),
    (
        "Disputes are decided under the law of Utopia by its courts alone.",
        ("Choice of law", "Jurisdiction"),
    ),
    ("Every dispute is settled by binding arbitration, and you give up the right to a jury.", ("Arbitration",)),
    ("You agree to arbitrate and not to join a class action.", ("Arbitration",)),
    ("You can reach our support team by e-mail on weekdays.", ()),
    ("Choose a password of at least ten characters.", ()),
    ("You may cancel within fourteen days and get your money back.", ()),
    ("The subscription renews every month until you end it.", ()),
)
"""Sentence and the clauses its author had in mind."""

PRACTICES = (
    ("When you sign up we ask for your name and e-mail address.", "data-collection-usage"),
    ("Cookies help us to remember what is in your basket.", "data-collection-usage"),
    ("We use your location to show shops nearby.", "data-collection-usage"),
    ("Your purchases are analysed to improve our offers.", "data-collection-usage"),
    ("The app reads your contacts if you let it.", "data-collection-usage"),
    ("We pass your address on to the parcel service.", "data-sharing-disclosure"),
    ("Partners may receive your e-mail address for advertising.", "data-sharing-disclosure"),
    ("If a court orders it, we hand over account data.", "data-sharing-disclosure"),
    ("Your data moves to the buyer if our company is sold.", "data-sharing-disclosure"),
    ("We never sell your data to anyone.", "data-sharing-disclosure"),
    ("Messages are kept for thirty days and then deleted.", "data-storage-retention-deletion"),
    ("We store your data on servers in Iceland.", "data-storage-retention-deletion"),
    ("You can ask us to erase your account at any time.", "data-storage-retention-deletion"),
    ("Invoices are kept for ten years because the law says so.", "data-storage-retention-deletion"),
    ("Backups are overwritten after three months.", "data-storage-retention-deletion"),
    ("All traffic is encrypted on its way to us.", "data-security-protection"),
    ("Only trained staff can see your records.", "data-security-protection"),
    ("Card numbers are stored as hashes.", "data-security-protection"),
    ("We test our systems against intruders every year.", "data-security-protection"),
    ("A firewall stands between your data and the internet.", "data-security-protection"),
    ("This policy was last changed in May.", "Other"),
    ("Please read the following pages with care.", "Other"),
    ("Write to us if you have questions.", "Other"),
    ("Our company was founded in 2009.", "Other"),
)
"""Sentence and the practice its author had in mind."""


def licences() -> Sequence[str]:
    """Return the texts of `LICENCES`."""
    return [text for text, _ in LICENCES]


def clauses() -> Sequence[str]:
    """Return the texts of `CLAUSES`."""
    return [text for text, _ in CLAUSES]


def practices() -> Sequence[str]:
    """Return the texts of `PRACTICES`."""
    return [text for text, _ in PRACTICES]
