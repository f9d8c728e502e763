"""Scores, calibration, intervals, gates and the linear baseline. All but the baseline is numpy only."""
