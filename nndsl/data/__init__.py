"""Where examples come from: sources, binding to inputs and targets, kinds, splits, batches, fitted statistics.

table, sources    a file becomes a `Table` of named columns or arrays; one file for each kind (csv, npz, arrays)
binding, solving  which columns or arrays each input and target is made of; what free sizes are
kinds, classes    numbers, binary words, indices and classes as arrays, every value checked
parts, splits     files joined by rows; which rows are for training, validation and testing
program_data      all of it, as a program's `data` section says
probe, load       what checking needs to know of data; the examples; the inputs that a trained model is to answer
batches, fitting  what training asks for: the rows of each batch, statistics of the training rows
"""
