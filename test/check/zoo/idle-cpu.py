# Fails idle-cpu. It asks its sockets round and round.

from good import Server, main


class Faulty(Server):
    select_timeout = 0


main(Faulty())
