mod experts;
