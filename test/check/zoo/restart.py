# Fails restart. It does not set SO_REUSEADDR.

from good import Server, main


class Faulty(Server):
    reuse_address = False


main(Faulty())
