"""Forms of answers, scores, calibration, intervals, gates and baselines. All but the baselines is numpy only."""
