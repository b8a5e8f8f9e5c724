# Fails letter. It ends each reply with a line feed.

from good import Server, main


class Faulty(Server):
    def reply(self, client, letter):
        client.pending += self.text + b'\n'


main(Faulty())
