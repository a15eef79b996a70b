"""Where bytes come from: this machine, web servers and object stores."""
