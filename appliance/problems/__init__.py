"""The catalogue of problems: what happens next, what people are told in every language, what helps."""
