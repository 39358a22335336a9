"""Every message a user can get, as data, by the part of the work it belongs to.

NN1xx text and syntax (`syntax`, `grammar`, `expressions`), NN2xx names and static values (`names`, `calls`, `static`,
`programs`), NN3xx types, shapes and the network (`shapes`, `losses`), NN4xx data (`data`, `values`), NN5xx training,
commands and the environment (`commands`), NN6xx warnings (`lints`).
"""
