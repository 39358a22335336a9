"""Where examples come from: sources, binding to inputs and targets, kinds, splits, batches, fitted statistics.

sources    a file becomes a `Table` of named columns or arrays (`csv`, `npz`: one file each)
binding    which columns or arrays each input and target is made of; free sizes are solved
kinds      numbers, binary words, classes and indices as arrays, every cell checked
splits     which rows are for training, validation and test
load       all of it: `Data`, `declare_facts`, `load`, `load_inputs`
"""
