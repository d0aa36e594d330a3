"""`crossjudge bench`: how fast cells are judged here, beside other ways of running them, all measured in one run."""
