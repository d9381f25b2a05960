"""Events leave the house: the relay numbers them, web processes hear of them, tabs ask for what changed."""
