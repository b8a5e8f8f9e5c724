# Fails utf8. All clients share one decoder.

from good import Server, main


class Faulty(Server):
    decoder = None

    def decode(self, client, data):
        self.decoder = self.decoder or client.decoder
        return self.decoder.decode(data)


main(Faulty())
