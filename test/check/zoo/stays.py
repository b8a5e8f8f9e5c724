# Fails stays. It closes the connection after a reply.

from good import Server, main


class Faulty(Server):
    def reply(self, client, letter):
        super().reply(client, letter)
        client.ended = True


main(Faulty())
