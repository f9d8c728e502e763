"""Licences of the data, as cards and NOTICE files name them."""

from __future__ import annotations

from hub.contract import Licence

MERCHANT_CODES = Licence(
    id="other",
    name="package iso18245: MIT; wording: ISO 18245 and the publishers of six code lists",
    url="https://github.com/jleclanche/python-iso18245",
    notice=(
        "Trained on descriptions of merchant category codes as read from the Python package iso18245, copyright (c)"
        " 2020 Jerome Leclanche, MIT License. The descriptions are those of ISO 18245 (International Organization for"
        " Standardization) and of code lists published by the United States Department of Agriculture, Stripe, Visa,"
        " Mastercard, American Express and Alipay; the package states no licence of theirs. None of them has reviewed"
        " or endorsed this model. Their names are used only to say where the words come from."
    ),
)

BANKING77 = Licence(
    id="CC-BY-4.0",
    name="Creative Commons Attribution 4.0 International",
    url="https://creativecommons.org/licenses/by/4.0/",
    notice=(
        "Trained on BANKING77: Inigo Casanueva, Tadas Temcinas, Daniela Gerz, Matthew Henderson, Ivan Vulic (2020),"
        " Efficient Intent Detection with Dual Sentence Encoders, arXiv 2003.04807, published by PolyAI under CC BY"
        " 4.0 (https://github.com/PolyAI-LDN/task-specific-datasets). Read from the copy mteb/banking77, in which 14"
        " of 13,083 rows were removed and which names the MIT License itself; the authors' licence stands."
    ),
)

PHRASEBANK = Licence(
    id="CC-BY-NC-SA-3.0",
    name="Creative Commons Attribution-NonCommercial-ShareAlike 3.0: no commercial use",
    url="https://creativecommons.org/licenses/by-nc-sa/3.0/",
    notice=(
        "NOT FOR COMMERCIAL USE. Trained on Financial PhraseBank: Pekka Malo, Ankur Sinha, Pekka Korhonen, Jyrki"
        " Wallenius, Pyry Takala (2014), Good Debt or Bad Debt: Detecting Semantic Orientations in Economic Texts,"
        " Journal of the Association for Information Science and Technology 65(4), under CC BY-NC-SA 3.0: attribution,"
        " no commercial use, share alike. Read from the copy mteb/financial_phrasebank."
    ),
)
