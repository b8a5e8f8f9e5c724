# Fails utf8. It decodes each receive by itself.

from good import Server, main


class Faulty(Server):
    def decode(self, client, data):
        return data.decode(errors='replace')


main(Faulty())
