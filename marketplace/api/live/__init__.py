"""What streams tell, in the shapes of the API: instruments, members."""
