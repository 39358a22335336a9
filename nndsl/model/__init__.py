"""The checked model: names resolved, arguments typed, shapes known."""
