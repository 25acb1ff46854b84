"""Registration (登记): what is declared, proved, checked and certified of a product."""
