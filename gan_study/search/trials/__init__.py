"""A trial as Ray runs it: on one worker or on several."""
