"""The methods of combining members, one file each, registered under the entry points `enstorage.methods`."""
