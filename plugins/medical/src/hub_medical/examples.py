"""Texts in plain words, written for this plugin: they may be published with every bundle."""

from __future__ import annotations

from collections.abc import Sequence

INTENDED = (
    ("stomach bug with watery stools after a trip abroad", "A00-B99"),
    ("lung tuberculosis confirmed by sputum culture", "A00-B99"),
    ("painful shingles rash across the left chest", "A00-B99"),
    ("lung cancer in the right upper lobe", "C00-D49"),
    ("breast cancer that has spread to the liver", "C00-D49"),
    ("harmless fatty tumor under the skin of the back", "C00-D49"),
    ("anemia from low iron after months of heavy periods", "D50-D89"),
    ("sickle cell crisis with chest pain", "D50-D89"),
    ("low platelets from immune thrombocytopenia", "D50-D89"),
    ("type 2 diabetes with poorly controlled blood sugar", "E00-E89"),
    ("underactive thyroid after Hashimoto thyroiditis", "E00-E89"),
    ("high cholesterol despite taking a statin", "E00-E89"),
    ("panic attacks with fear of leaving the house", "F01-F99"),
    ("alcohol dependence with withdrawal tremor", "F01-F99"),
    ("second episode of major depression", "F01-F99"),
    ("migraine with flashing lights before the headache", "G00-G99"),
    ("epilepsy since childhood, now well controlled", "G00-G99"),
    ("numb hand from carpal tunnel syndrome", "G00-G99"),
    ("cloudy lens in both eyes from an age-related cataract", "H00-H59"),
    ("red itchy eyes from allergic conjunctivitis", "H00-H59"),
    ("detached retina in the left eye", "H00-H59"),
    ("middle ear infection with a bulging eardrum", "H60-H95"),
    ("constant ringing in both ears", "H60-H95"),
    ("hearing loss after years of noise at work", "H60-H95"),
    ("heart attack from a blocked left coronary artery", "I00-I99"),
    ("irregular heartbeat from long-standing atrial fibrillation", "I00-I99"),
    ("blood clot in the deep veins of the calf", "I00-I99"),
    ("pneumonia in the lower lobe of the left lung", "J00-J99"),
    ("asthma attack brought on by cold air", "J00-J99"),
    ("COPD flare-up with more cough and sputum", "J00-J99"),
    ("gallstones with pain after fatty meals", "K00-K95"),
    ("burst appendix with peritonitis", "K00-K95"),
    ("acid reflux with an inflamed esophagus", "K00-K95"),
    ("itchy eczema in the creases of the elbows", "L00-L99"),
    ("plaque psoriasis on knees and scalp", "L00-L99"),
    ("pressure sore over the tailbone", "L00-L99"),
    ("worn knee cartilage from osteoarthritis", "M00-M99"),
    ("slipped disc in the lower back with leg pain", "M00-M99"),
    ("gout flare in the big toe", "M00-M99"),
    ("kidney stone stuck in the ureter", "N00-N99"),
    ("bladder infection with burning on passing urine", "N00-N99"),
    ("enlarged prostate with a weak stream of urine", "N00-N99"),
    ("pre-eclampsia in the third trimester", "O00-O9A"),
    ("diabetes that began during pregnancy", "O00-O9A"),
    ("heavy bleeding right after giving birth", "O00-O9A"),
    ("newborn with jaundice on the second day of life", "P00-P96"),
    ("baby born at 30 weeks with respiratory distress", "P00-P96"),
    ("newborn who breathed in meconium during birth", "P00-P96"),
    ("born with a hole between the lower heart chambers", "Q00-QA0"),
    ("cleft lip and palate since birth", "Q00-QA0"),
    ("Down syndrome found after birth", "Q00-QA0"),
    ("fever of unknown cause", "R00-R99"),
    ("weight loss without any explanation", "R00-R99"),
    ("chest pain, cause not yet clear", "R00-R99"),
    ("broken wrist, first visit after the accident", "S00-T88"),
    ("second-degree burn of the forearm from hot water", "S00-T88"),
    ("accidental overdose of acetaminophen", "S00-T88"),
    ("pedestrian hit by a car while crossing the road", "V00-Y99"),
    ("fell down the stairs at home", "V00-Y99"),
    ("bitten by a neighbor's dog", "V00-Y99"),
    ("yearly check-up without complaints", "Z00-Z99"),
    ("came in for a flu shot", "Z00-Z99"),
    ("lives with a cardiac pacemaker", "Z00-Z99"),
)
"""Text and the chapter its author had in mind."""


def examples() -> Sequence[str]:
    """Return the texts for the self-test and the demonstration."""
    return [text for text, _ in INTENDED]


NOTES = (
    "My knees are stiff every morning and the pain gets worse when I climb stairs.",
    "I have had a runny nose, sneezing and itchy eyes since the trees began to bloom.",
    "There is a burning feeling behind my breastbone after meals and when I lie down.",
    "A red ring-shaped rash on my arm itches and slowly grows larger.",
    "I cough at night, wheeze when I run and cold air makes my chest tight.",
    "My head throbs on one side, light hurts and I feel sick.",
    "It burns when I pass urine and I have to go every half hour.",
    "I am thirsty all day, drink a lot and have lost weight without trying.",
    "After the trip I had a high fever with shaking chills every other day.",
    "The skin on my elbows is thick, red and covered with silvery scales.",
    "My lower back hurts and the pain runs down into my left leg.",
    "I feel tired, my neck is swollen and I am always cold.",
)
"""About symptoms, in the first person."""

SENTENCES = (
    "Mutations in this gene cause cystic fibrosis in most of the families that were studied .",
    "Patients with type 2 diabetes had a higher risk of heart failure than controls .",
    "The protein was not detected in healthy tissue .",
    "We report a child with Duchenne muscular dystrophy and mild intellectual disability .",
    "Breast and ovarian cancer were more frequent among carriers .",
    "Expression of the receptor was measured in liver and kidney .",
    "Early treatment of phenylketonuria prevents most of the damage .",
    "Colorectal cancer developed in three of twelve carriers before the age of forty .",
    "The drug lowered blood pressure but did not prevent stroke .",
    "Samples were stored at low temperature until they were analysed .",
    "Loss of this enzyme leads to Gaucher disease , a lysosomal storage disorder .",
    "No association with asthma was found in the second cohort .",
)
"""In the style of abstracts, words and punctuation marks separated by spaces."""


def note_examples() -> Sequence[str]:
    """Return short texts about symptoms."""
    return NOTES


def sentence_examples() -> Sequence[str]:
    """Return sentences with and without diseases."""
    return SENTENCES
