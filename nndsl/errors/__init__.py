"""Every message a user can get, as data, by the part of the work it belongs to.

NN1xx text and syntax (`syntax`), NN2xx names and static values (`names`), NN3xx types, shapes and the network
(`shapes`), NN4xx data (`data`), NN5xx training, commands and the environment (`commands`), NN6xx warnings (`lints`).
"""
