"""stx: what is style, to a convolutional network?"""
