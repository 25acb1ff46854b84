"""The exchange itself: members, orders, books, delivery, the API and the pages."""
