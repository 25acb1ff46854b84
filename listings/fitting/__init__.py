"""How offered data fits what a buyer has: compared where neither side sees a row."""
