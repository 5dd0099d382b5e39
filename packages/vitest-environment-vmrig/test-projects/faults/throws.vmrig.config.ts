throw new Error("The token of the cloud is not set.");
