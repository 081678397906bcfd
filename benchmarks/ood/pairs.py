"""The scores that both libraries have, at the same settings; read by both environments."""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """One method at one setting.

    Parameters
    ----------
    ours, theirs : str
        Names of the classes.
    setting : dict
        Ours.
    their_setting : dict
        Theirs.
    why : str
        The reason where the definitions differ; empty where they are the same.
    """

    ours: str
    theirs: str
    setting: dict
    their_setting: dict
    why: str = ""


DIM = 48  # of 96 features
PAIRS = {
    "MSP": Pair("MSP", "MaxSoftmax", {}, {}),
    "MaxLogit": Pair("MaxLogit", "MaxLogit", {}, {}),
    "Energy": Pair("Energy", "EnergyBased", {}, {}),
    "Entropy": Pair("Entropy", "Entropy", {}, {}),
    "GEN": Pair(
        "GEN", "GEN", {"gamma": 0.1}, {"gamma": 0.1}, "theirs clamps probabilities to 1e-7; ours are exact logarithms"
    ),
    "KLMatching": Pair("KLMatching", "KLMatching", {}, {}),
    "TemperatureScaled": Pair(
        "TemperatureScaled", "TemperatureScaling", {}, {}, "ours minimises the log loss to convergence"
    ),
    "ReAct": Pair("ReAct", "ReAct", {"percentile": 90.0}, {"percentile": 0.9}),
    "ASH-S": Pair("ASH", "ASH", {"method": "s", "percentile": 65.0}, {"variant": "ash-s", "percentile": 0.65}),
    "ASH-B": Pair("ASH", "ASH", {"method": "b", "percentile": 65.0}, {"variant": "ash-b", "percentile": 0.65}),
    "ASH-P": Pair("ASH", "ASH", {"method": "p", "percentile": 65.0}, {"variant": "ash-p", "percentile": 0.65}),
    "SCALE": Pair("SCALE", "SCALE", {"percentile": 85.0}, {"percentile": 0.85}),
    "DICE": Pair("DICE", "DICE", {"percentile": 70.0}, {"p": 0.7}),
    "VRA": Pair(
        "VRA", "VRA", {"low": 60.0, "high": 90.0}, {"lower_percentile": 0.6, "upper_percentile": 0.9},
        "the paper's code sets low features to 0; theirs raises them to the lower quantile",
    ),
    "KNN": Pair("KNN", "KNN", {"k": 50}, {"k": 50}),
    "Mahalanobis": Pair("Mahalanobis", "Mahalanobis", {}, {}),
    "RMDS": Pair("RMDS", "RMD", {}, {}),
    "ViM": Pair("ViM", "ViM", {"dim": DIM}, {"d": DIM}, "theirs finds the eigenvectors in single precision"),
    "SHE": Pair("SHE", "SHE", {}, {}),
    "NNGuide": Pair("NNGuide", "NNGuide", {"k": 10}, {"k": 10}),
    "FDBD": Pair("FDBD", "fDBD", {}, {}),
    "NCI": Pair("NCI", "NCI", {"alpha": 0.0001}, {"alpha": 0.0001}),
    "GradNorm": Pair("GradNorm", "GradNorm", {}, {}),
    "ODIN": Pair("ODIN", "ODIN", {"eps": 0.0014}, {"eps": 0.0014, "temperature": 1000.0}),
}  # fmt: skip
OURS_ALONE = ("AdaSCALE", "BLOOD", "ConjNorm", "Igeood", "NAC", "NECO", "OptFS", "Residual", "WDiscOOD")
SETS = ("near", "digits", "textures", "noise", "rotated", "blurred")
ROLE = {"near": "near", "digits": "far", "textures": "far", "noise": "far", "rotated": "shift", "blurred": "shift"}
