"""What the education plugin says in model cards, and the licences of its data."""

from __future__ import annotations

from hub.contract import CardText, Licence

WORDS_LICENCE = Licence(
    id="MIT",
    name="MIT License; CEFR-J word list: free use with citation",
    url="https://github.com/Maximax67/cefrpy",
    notice=(
        "Trained on the table of words and levels in the Python package cefrpy, copyright (c) Maksym Bielikov, MIT"
        " License (https://github.com/Maximax67/Words-CEFR-Dataset). That table was computed from: The CEFR-J Wordlist,"
        " compiled by Yukio Tono, Tokyo University of Foreign Studies (https://cefr-j.org/), which may be used for"
        " research and commercial purposes without charge when it is cited; word frequencies of the Google Books"
        " Ngram Viewer data, version 20200217, under CC BY 3.0; and lists of English words. None of their makers has"
        " reviewed or endorsed this model."
    ),
)

ONESTOP_LICENCE = Licence(
    id="CC-BY-SA-4.0",
    name="Creative Commons Attribution-ShareAlike 4.0",
    url="https://github.com/nishkalavallabhi/OneStopEnglishCorpus",
    notice=(
        "Trained on the OneStopEnglish corpus: Vajjala and Lucic 2018, OneStopEnglish corpus: A new corpus for"
        " automatic readability assessment and text simplification, BEA workshop at NAACL, W18-0535; CC BY-SA 4.0."
    ),
)

WORD_CARD = CardText(
    description=(
        "Estimates the level of an English word for learners, `A1` to `C2` of the Common European Framework of"
        " Reference. Write the word with its part of speech, `abandon (verb)`, or by itself, `abandon`. The parts of"
        " speech are noun, verb, adjective and adverb. It was trained on the table in the Python package cefrpy."
    ),
    intended_use=(
        "A first guess for words that no graded list has: sorting vocabulary lists for a teacher to correct, choosing"
        " which words of a text to look at first, and as a worked example with ordered labels. For words that a"
        " graded list has, use the list."
    ),
    out_of_scope=(
        "It must not be used to grade, place or admit learners, nor to certify the level of a text or a course. It is"
        " not made for phrases, senses of a word, names, function words, or languages other than English."
    ),
    limits=(
        "- **The levels are mostly computed.** The table starts from the CEFR-J word list (A1 to B2, made for"
        " learners in Japan) and gives other words a level by lemma, stem or frequency in books. A model can only"
        " learn that rule; where the rule is wrong (`unclassical` is A1 there, because `classic` is), so is the"
        " model, and the measured agreement is with the table, not with teachers.\n"
        "- **C1 and C2 are frequency.** No list of such words was used. Two thirds of the table are C2 by default;"
        " these entries are left out, so very rare words are unknown to the model and it cannot be expected to call"
        " them C2.\n"
        "- **Parts of speech are noisy**: they were found without a sentence. A level by sense is not in the data.\n"
        "- **Words with one level only** make up the slice `word-alone`; a word by itself whose parts of speech"
        " differ in level gets one answer all the same.\n"
        "- Word families are held out as far as spelling tells (`families.py`); irregular and rarer derived forms of a"
        " learnt word can be among the test rows, with a level that was copied from it. Scores flatter by that.\n"
        "- **It always answers**: names, typing errors and other languages get a level too."
    ),
    tags=("education", "cefr", "vocabulary"),
)

READING_CARD = CardText(
    description=(
        "Estimates how hard an English text is for learners. With the data set named in the hub: `elementary`,"
        " `intermediate` or `advanced`, as teachers rewrote news articles at three levels; with your own files the"
        " levels are yours."
    ),
    intended_use=(
        "Pre-sorting reading material for a teacher, with rows of your own kind of text. The order of the levels is"
        " part of the measure: an answer next to the right one is half an error."
    ),
    out_of_scope=(
        "It must not be used to grade learners or to certify material. It does not say what makes a text hard, and is"
        " not made for single sentences, for children's books, or for languages other than English."
    ),
    limits=(
        "- **Small data**: 567 texts, three versions of 189 articles. In the data set on the Hub versions of one"
        " article stand in training and in test (192 and 375 rows), so that topics repeat.\n"
        "- **A known trap**: in the corpus' own repository one copy of the middle level has lost its apostrophes and"
        " quotation marks and begins with the word Intermediate; a model can tell that level by punctuation alone."
        " Which copy the data set on the Hub was made from was not checked: read a few rows before you trust a score.\n"
        "- **Only the beginning is read**: articles have 600 words and more, the recipes read 256 or 512 tokens.\n"
        "- News for adult learners, one publisher, one language."
    ),
    tags=("education", "readability"),
)
