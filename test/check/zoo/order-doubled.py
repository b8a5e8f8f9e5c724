# Fails order. With four to eight clients it appends a letter twice now and then, after the reply.

from good import Server, main


class Faulty(Server):
    count = 0

    def reply(self, client, letter):
        super().reply(client, letter)
        self.count += 1
        if 4 <= len(self.clients) <= 8 and self.count % 9 == 0:
            self.store(client, letter)


main(Faulty())
