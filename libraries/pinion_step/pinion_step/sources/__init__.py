"""Where tables come from: files of this machine, web servers and stores of objects.

The libraries that read them are imported by the functions that call them.
"""
