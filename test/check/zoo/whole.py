# Fails whole. It sends back only the letter.

from good import Server, main


class Faulty(Server):
    def reply(self, client, letter):
        client.pending += letter.encode()


main(Faulty())
